"""Upstream's tests, with a profile's code in their place."""

import jupyter_kernel_test


def create_cases(kernel, profile):
    def create(name, base):
        fields = {key: value for key, value in profile.items() if hasattr(base, key)}
        return type(name, (base,), {"kernel_name": kernel, **fields})

    yield create("Upstream", jupyter_kernel_test.KernelTests)
    yield create("Welcome", jupyter_kernel_test.IopubWelcomeTests)
