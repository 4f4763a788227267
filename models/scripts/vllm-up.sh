#!/usr/bin/env bash
# Start real vLLM (CPU build; e2e/vllm_install.py installs it) on a model folder and wait until it serves.
# usage: VENV=path/to/venv vllm-up.sh MODELDIR PORT NAME [extra vllm args]
set -euo pipefail
model=$1 port=$2 name=$3; shift 3
export VLLM_CPU_KVCACHE_SPACE=${KV:-1} VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=2
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
"${VENV:?set VENV}/bin/vllm" serve "$model" --host 127.0.0.1 --port "$port" --served-model-name "$name" \
  --enforce-eager --dtype bfloat16 --max-model-len 32768 --enable-auto-tool-choice --tool-call-parser hermes --reasoning-parser qwen3 "$@" >"vllm-$port.log" 2>&1 &
pid=$!; echo "$pid" >"vllm-$port.pid"
for _ in $(seq 1 1200); do
  curl -sf "127.0.0.1:$port/health" >/dev/null && { echo "up, pid $pid"; exit 0; }
  kill -0 "$pid" 2>/dev/null || { echo "died"; tail -30 "vllm-$port.log"; exit 1; }
  sleep 0.25
done
echo "not up in 300 s"; exit 1
