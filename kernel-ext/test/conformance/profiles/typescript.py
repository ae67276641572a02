"""What all kernels for TypeScript have in common."""

PROFILE = {
    "language_name": "typescript",
    "file_extension": ".ts",
    "code_hello_world": "console.log('hello, world')",
    "code_stderr": "console.error('oops')",
    "completion_samples": [{"text": "Math.ab", "matches": ["abs"]}],
    "complete_code_samples": [
        "1",
        "console.log('x')",
        "function f(x: number) {\n  return x*2;\n}\n\n\n",
    ],
    "incomplete_code_samples": ["function f(x: number) {", "class A {\n  x = 1;\n", "const s = `ab"],
    "invalid_code_samples": ["let 1x = 3;", "const a = ;"],
    "code_generate_error": "throw new Error('boom')",
    "code_execute_result": [{"code": "6*7", "result": "42"}, {"code": "[1,2].length", "result": "2"}],
    "code_inspect_sample": "Math.abs",
    "supported_history_operations": ("tail",),
    "code_history_pattern": "6?7*",
    "sync_loop": "for (;;) {}",
    "async_wait": "await new Promise(r => setTimeout(r, 3000)); 5",
    "async_forever": "await new Promise(() => {})",
    "async_ticks": 'for (let i = 0; i < 40; i++) { await new Promise(r => setTimeout(r, 50)); } "done"',
    "endless_ticks": 'for (let i = 0; ; i++) { await new Promise(r => setTimeout(r, 50)); console.log("tick") }',
    "await_sync_mix": "for (let j = 0; ; j++) { let t = Date.now(); while (Date.now() - t < 200) {}"
    " await new Promise(r => setImmediate(r)); }",
    "background": 'setTimeout(() => console.log("late"), 400); 1',
    "uncaught_later": 'setTimeout(() => { throw new Error("late boom") }, 200); 1',
    "unhandled": 'Promise.reject(new Error("unhandled")); 1',
    "stdout_burst": 'for (let i = 0; i < 2000; i++) console.log("line " + i)',
    "redeclare": ["const q = 1", 'const q = "two"', "q.toUpperCase()"],
    "type_error": 'const z: number = "s"',
}
