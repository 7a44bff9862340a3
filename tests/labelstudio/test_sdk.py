"""Our brush code against the SDK's own, which lives in an environment of its own."""

import json
import subprocess

import pytest

from core.labelstudio.brush import decode, encode
from tests.labelstudio_brush import discs, mask, seconds
from tests.labelstudio_server import ENVIRONMENT, ROOT

COUNT = 1000
pytestmark = [
    pytest.mark.labelstudio,
    pytest.mark.skipif(not ENVIRONMENT.is_dir(), reason="LABELSTUDIO_ENV names no environment of Label Studio"),
]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """What the SDK writes, and how it reads what we write."""
    path = tmp_path_factory.mktemp("sdk") / "rows.json"
    path.write_text(json.dumps([encode(mask(seed)) for seed in range(COUNT)]))
    command = [str(ENVIRONMENT / "bin" / "python"), str(ROOT / "tests" / "labelstudio_brush.py"), str(path), str(COUNT)]
    subprocess.run(command, check=True, timeout=200)
    return json.loads(path.read_text())


def test_a_thousand_masks_are_written_bit_for_bit_as_the_sdk_writes_them(sdk):
    assert [encode(mask(seed)) for seed in range(COUNT)] == sdk["rows"]


def test_what_one_side_writes_the_other_reads(sdk):
    assert sdk["agreed"] == COUNT
    assert all((decode(rle, mask(seed).shape) == mask(seed)).all() for seed, rle in enumerate(sdk["rows"]))


def test_it_is_not_slower_than_the_sdk(sdk):
    large = discs()
    rle = encode(large)
    took = {"encode": seconds(lambda: encode(large)), "decode": seconds(lambda: decode(rle, large.shape))}
    assert took["encode"] < sdk["seconds"]["encode"], (took, sdk["seconds"])
    assert took["decode"] < sdk["seconds"]["decode"], (took, sdk["seconds"])
