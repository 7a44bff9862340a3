"""The example deployments of docs/prefect, as far as they can be checked without a cluster."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from utils.jobs.prefect_dispatch import DEPLOYMENTS
from utils.settings import ROOT, Settings

FILES = sorted((ROOT / "docs" / "prefect").glob("*.yaml"))
FLOWS = "scripts/prefect_flows.py"
KNOWN = {  # job variables of each kind of work pool: Prefect 3.8.8, its workers for Kubernetes, prefect-slurm 0.1.7
    "process": {"name", "env", "labels", "command", "stream_output", "working_dir"},
    "slurm": {"name", "env", "labels", "command"}
    | {"cpu", "memory", "partition", "shebang", "source_files", "time_limit", "working_dir"},
    "kubernetes": {"name", "env", "labels", "command", "namespace", "image", "service_account_name"}
    | {"image_pull_policy", "finished_job_ttl", "job_watch_timeout_seconds", "pod_watch_timeout_seconds"}
    | {"stream_output", "cluster_config", "cpu_request", "cpu_limit", "memory_request", "memory_limit"},
}


def deployments(file) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load(file.read_text())["deployments"]


def flows() -> dict[str, list[str]]:
    """Name of each flow, and its parameters."""
    functions = [node for node in ast.parse((ROOT / FLOWS).read_text()).body if isinstance(node, ast.FunctionDef)]
    return {each.name: [arg.arg for arg in each.args.args] for each in functions if each.decorator_list}


def test_there_is_one_for_each_kind_of_work_pool():
    assert {file.stem for file in FILES} == set(KNOWN)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_deploys_both_flows_by_the_names_that_the_app_asks_for(file):
    found = [f"{each['entrypoint'].partition(':')[2]}/{each['name']}" for each in deployments(file)]
    assert sorted(found) == sorted(DEPLOYMENTS.values())
    assert {each["entrypoint"].partition(":")[0] for each in deployments(file)} == {FLOWS}
    assert set(flows()) == set(DEPLOYMENTS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_sets_only_what_there_is_to_set(file):
    for each in deployments(file):
        flow = each["entrypoint"].partition(":")[2]
        pool = each["work_pool"]
        assert set(pool.get("job_variables", {})) <= KNOWN[file.stem]
        assert set(each.get("parameters", {})) <= set(flows()[flow]) - {"job"}
        settings = pool.get("job_variables", {}).get("env", {})
        assert {name.lower() for name in settings} <= set(Settings.model_fields)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_says_how_it_is_deployed(file):
    assert f"deploy --all --prefect-file docs/prefect/{file.name}" in file.read_text()
    assert f"prefect work-pool create segmentation --type {file.stem}" in file.read_text()
