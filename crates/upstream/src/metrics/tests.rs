use super::*;

#[test]
fn real_pages_are_read() {
    let vllm = include_bytes!("../../tests/data/vllm-metrics.txt");
    assert_eq!(parse(vllm), Some(Load::default()));
    let llama = include_bytes!("../../tests/data/llama-server-metrics.txt");
    assert_eq!(parse(llama), Some(Load::default()));
}

#[test]
fn engines_are_summed_and_the_fullest_cache_counts() {
    let page = br#"
# HELP vllm:num_requests_running Number of requests
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a } b"} 3.0
vllm:num_requests_running{engine="1",model_name="a"} 4.0 1795228963000
vllm:num_requests_waiting 2
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 50.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:kv_cache_usage_perc{engine="1"} 0.5
"#;
    assert_eq!(parse(page), Some(Load { running: 7, waiting: 2, kv_cache: 0.5 }));
    let old = b"vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.75\n";
    assert_eq!(parse(old), Some(Load { running: 0, waiting: 0, kv_cache: 0.75 }));
}

#[test]
fn absurd_numbers_do_no_harm() {
    let page = b"vllm:num_requests_running NaN\nvllm:num_requests_waiting -4\n\
        vllm:num_requests_waiting 1e300\nvllm:kv_cache_usage_perc 17\nvllm:kv_cache_usage_perc";
    assert_eq!(parse(page), Some(Load { running: 0, waiting: u32::MAX, kv_cache: 1.0 }));
    assert_eq!(parse(b"process_open_fds 17\n\xff\xfe"), None);
}
