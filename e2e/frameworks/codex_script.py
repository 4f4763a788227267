"""What Codex is told to do, and what the scripted model server answers it."""

MODEL = "scripted-coder"
TASK = "Change the colour in settings.txt to blue."
SAID, DONE = "I change one line.", "The colour is blue now."
PATCH = """apply_patch <<'EOF'
*** Begin Patch
*** Update File: settings.txt
@@
 name = lamp
-colour = red
+colour = blue
 watts = 7
*** End Patch
EOF
"""
# The answer that comes is told by the number of tool results that have come back.
SCRIPT = {"model": MODEL, "answers": [
    {"reasoning": "I have to see the file first.",
     "calls": [{"name": "exec_command", "arguments": {"cmd": "cat settings.txt"}}]},
    {"text": SAID, "calls": [{"name": "exec_command", "arguments": {"cmd": PATCH}}]},
    {"text": DONE},
]}
