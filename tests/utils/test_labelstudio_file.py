"""What is kept of a connection to Label Studio, in a file for its owner alone."""

import json
import stat

from utils.labelstudio.labelstudio_client import HttpLabelStudio
from utils.labelstudio.labelstudio_tokens import Kept, write_kept


def test_projects_that_are_followed_stay_so_until_somebody_ends_it(tmp_path):
    path = tmp_path / "labelstudio.json"
    write_kept(path, Kept("http://studio", "0" * 40, "secret"))
    studio = HttpLabelStudio(path)
    assert not studio.follows(3)
    studio.follow(7, follows=True)
    studio.follow(3, follows=True)
    assert HttpLabelStudio(path).follows(3)
    studio.follow(3, follows=False)
    assert (studio.follows(3), studio.follows(7), studio.secret()) == (False, True, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_before_follows_no_project(tmp_path):
    path = tmp_path / "labelstudio.json"
    path.write_text(json.dumps({"url": "http://studio", "token": "0" * 40, "secret": "secret"}))
    assert not HttpLabelStudio(path).follows(3)
