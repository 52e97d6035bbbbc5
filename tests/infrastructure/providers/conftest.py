"""The conformance suite is no test module by its name; its asserts are to explain themselves."""

import pytest

pytest.register_assert_rewrite("tests.provider_conformance")
