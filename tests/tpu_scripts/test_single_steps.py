"""Each script by itself: the commands it runs, what --dry-run prints, and which mistakes it names."""

import shlex
import tarfile

import pytest

from tests.tpu_scripts.conftest import PLACE, SCRIPTS

ALL = sorted(path.name for path in SCRIPTS.glob("*.sh"))
ON_TPU = [name for name in ALL if "hosts" not in name]
PRETRAIN = "--config configs/space3.py:base --workdir /mnt/bucket/runs/one --config.data.prepared=/mnt/bucket/corpus"


@pytest.mark.parametrize(("flag", "tier"), [("--spot", ["--spot"]), ("--on-demand", [])])
def test_create_asks_for_a_spot_or_an_on_demand_machine(cloud, flag, tier):
    assert cloud.run("create.sh", flag).returncode == 0
    kind = ["--node-id=mine", "--accelerator-type=v5litepod-16", "--runtime-version=v2-alpha-tpuv5-lite"]
    queue = ["gcloud", "compute", "tpus", "queued-resources", "create", "mine"]
    assert cloud.calls() == [[*queue, *PLACE, *kind, *tier, "--quiet"]]


def test_a_wrong_zone_passes_on_what_gcloud_said(cloud):
    said = "ERROR: (gcloud) PERMISSION_DENIED: Permission denied on 'locations/us-nowhere1-a' (or it may not exist)."
    cloud.answer("create", (1, said))
    ended = cloud.run("create.sh", "--zone", "us-nowhere1-a")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "create.sh: mine was not created" in ended.stderr
    assert "zone us-nowhere1-a" in ended.stderr


def test_no_capacity_is_told_from_a_wrong_request(cloud):
    cloud.answer("create", (1, "ERROR: RESOURCE_EXHAUSTED: there is no more capacity in the zone"))
    ended = cloud.run("create.sh")
    assert ended.returncode == 75
    assert "v5litepod-16 in us-west4-a was refused for now" in ended.stderr


def test_setup_copies_the_project_and_installs_it_on_all_workers(cloud):
    assert cloud.run("setup.sh").returncode == 0
    pack, copy, install = cloud.calls()
    assert pack[:2] == ["tar", "-czf"]
    assert copy[:5] == ["gcloud", "compute", "tpus", "tpu-vm", "scp"]
    assert copy[6:] == ["mine:space_jax.tar.gz", *PLACE, "--worker=all", "--quiet"]
    assert install[:8] == ["gcloud", "compute", "tpus", "tpu-vm", "ssh", "mine", *PLACE]
    assert install[8] == "--worker=all"
    assert install[-1].endswith("worker/setup.sh tpu b")


def test_the_archive_holds_what_a_worker_needs_and_no_settings(cloud, tmp_path):
    (tmp_path / "bin" / "tar").unlink()
    (tmp_path / "bin" / "gcloud").write_text(
        f'#!/bin/sh\nif [ "$4" = scp ]; then cp "$5" {shlex.quote(str(tmp_path / "archive"))}; fi\n'
    )
    assert cloud.run("setup.sh").returncode == 0
    with tarfile.open(tmp_path / "archive") as archive:
        names = archive.getnames()
    assert {"pyproject.toml", "requirements.txt", "requirements/extras.txt", "space_jax/cli.py"} <= set(names)
    assert {"configs/space3.py", "tpu_scripts/worker/setup.sh"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith("/settings.sh")]


def test_launch_runs_one_command_on_all_workers(cloud):
    assert cloud.run("launch.sh", "--", "--config.train.steps=5").returncode == 0
    (call,) = cloud.calls()
    assert "--worker=all" in call
    expected = f"bash space_jax_run/code/tpu_scripts/worker/launch.sh {PRETRAIN} --config.train.steps=5"
    assert call[-1] == f"--command={expected}"


def test_words_with_blanks_and_quotes_arrive_as_they_were(cloud):
    cloud.settings(NAME="'my machine'", WORKDIR='"/mnt/bucket/it\'s mine"')
    assert cloud.run("launch.sh").returncode == 0
    (call,) = cloud.calls()
    assert call[5] == "my machine"
    words = shlex.split(call[-1].removeprefix("--command="))
    assert words[words.index("--workdir") + 1] == "/mnt/bucket/it's mine"
    printed = cloud.run("launch.sh", "--dry-run").stdout
    assert "tpu-vm ssh 'my machine' --zone" in printed
    assert shlex.split(printed) == call


def test_logs_follow_one_worker(cloud):
    assert cloud.run("logs.sh", "3").returncode == 0
    (call,) = cloud.calls()
    assert "--worker=3" in call
    assert call[-1] == "--command=tail -n 50 -F space_jax_run/log"


def test_status_shows_machine_and_workers(cloud):
    cloud.answer("describe", "ACTIVE\n")
    cloud.answer("status", "space_jax worker 0: running, quiet 3 s, checkpoint 300 of 1000\n")
    ended = cloud.run("status.sh")
    assert ended.stdout == "mine: ACTIVE\nspace_jax worker 0: running, quiet 3 s, checkpoint 300 of 1000\n"
    cloud.answer("describe", (1, "ERROR: NOT_FOUND: Resource 'mine' was not found"))
    assert cloud.run("status.sh").stdout == "mine: there is none in us-west4-a\n"
    cloud.answer("describe", (1, "ERROR: no such account"))
    ended = cloud.run("status.sh")
    assert (ended.returncode, "ERROR: no such account" in ended.stderr) == (2, True)


def test_delete_takes_machine_and_queued_resource(cloud):
    assert cloud.run("delete.sh").returncode == 0
    queue = ["gcloud", "compute", "tpus", "queued-resources", "delete", "mine"]
    assert cloud.calls() == [[*queue, *PLACE, "--force", "--quiet"]]
    cloud.answer("delete", (1, "ERROR: INTERNAL"))
    ended = cloud.run("delete.sh")
    assert ended.returncode == 2
    assert "was not deleted" in ended.stderr


@pytest.mark.parametrize("script", ALL)
def test_a_dry_run_runs_nothing_and_prints_one_command_a_line(cloud, script):
    ended = cloud.run(script, "--dry-run", *(["gpu-a", "gpu-b"] if "hosts" in script else []))
    assert ended.returncode == 0, ended.stderr
    assert cloud.calls() == []
    lines = ended.stdout.splitlines()
    assert lines
    assert all(shlex.split(line)[0] in ("gcloud", "tar", "ssh", "scp") for line in lines)


def test_a_dry_run_prints_exactly_what_is_run(cloud):
    for script in ("create.sh", "launch.sh", "logs.sh", "delete.sh"):
        printed = [shlex.split(line) for line in cloud.run(script, "--dry-run").stdout.splitlines()]
        before = len(cloud.calls())
        cloud.run(script)
        assert cloud.calls()[before:] == printed


@pytest.mark.parametrize("script", ALL)
def test_help_needs_no_settings(cloud, script):
    cloud.settings(ZONE=None, PROJECT=None)
    ended = cloud.run(script, "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"Usage: {script}")
    assert "--dry-run" in ended.stdout


@pytest.mark.parametrize("script", ON_TPU)
def test_a_missing_setting_is_one_sentence(cloud, script):
    cloud.settings(ZONE=None)
    ended = cloud.run(script)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{script}: setting ZONE is missing; ")
    assert ended.stderr.count("\n") == 1
    assert cloud.calls() == []


@pytest.mark.parametrize(
    ("script", "changes", "said"),
    [
        ("create.sh", {"SPOT": "maybe"}, "setting SPOT: 'maybe' must be yes or no"),
        ("launch.sh", {"WORKDIR": "gs://b/runs"}, "setting WORKDIR: 'gs://b/runs' must be a path from the root"),
        ("run_until_done.sh", {"WORKDIR": "/data/run"}, "must be below /mnt/bucket"),
        ("run_until_done.sh", {"MAX_TRIES": "many"}, "setting MAX_TRIES: 'many' must be a whole number of at least 1"),
        ("run_until_done.sh", {"MAX_TRIES": "0"}, "setting MAX_TRIES: '0' must be a whole number of at least 1"),
        ("run_until_done.sh", {"BUCKET": "gs://b"}, "setting BUCKET: 'gs://b' must be the bare name of a bucket"),
        ("run_until_done.sh", {"CONFIG": "configs/nosuch.py"}, "setting CONFIG: 'configs/nosuch.py': no file configs/"),
        ("launch.sh", {"CONFIG": "space9:base"}, "setting CONFIG: 'space9:base': no file space9 in "),
        ("run_until_done.sh", {"BUCKET": None}, "setting BUCKET is missing"),
    ],
)
def test_a_wrong_setting_is_one_sentence(cloud, script, changes, said):
    cloud.settings(**changes)
    ended = cloud.run(script)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert cloud.calls() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--zoen", "x"], "unknown option --zoen"),
        (["--zone"], "--zone needs a value"),
        (["--settings", "/nowhere/s.sh"], "--settings /nowhere/s.sh: no such file"),
        (["extra"], "unexpected argument 'extra'"),
    ],
)
def test_a_wrong_argument_is_one_sentence(cloud, arguments, said):
    ended = cloud.run("create.sh", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert cloud.calls() == []


def test_gpu_hosts_get_the_same_command_and_their_place(cloud):
    assert cloud.run("launch_hosts.sh", "me@gpu-a", "gpu-b", "--", "--config.mesh.fsdp=8").returncode == 0
    expected = []
    for index, host in enumerate(("me@gpu-a", "gpu-b")):
        process = f"env JAX_COORDINATOR_ADDRESS=gpu-a:8482 JAX_NUM_PROCESSES=2 JAX_PROCESS_ID={index}"
        worker = "bash space_jax_run/code/tpu_scripts/worker/launch.sh"
        expected.append(["ssh", "-n", host, f"{process} {worker} {PRETRAIN} --config.mesh.fsdp=8"])
    assert cloud.calls() == expected


def test_one_gpu_host_needs_no_coordinator(cloud):
    assert cloud.run("launch_hosts.sh", "gpu-a").returncode == 0
    (call,) = cloud.calls()
    assert "JAX_" not in call[-1]


def test_a_gpu_host_that_does_not_answer_is_named(cloud):
    cloud.answer("launch", "", (255, "ssh: connect to host gpu-b port 22: No route to host\n"))
    ended = cloud.run("launch_hosts.sh", "gpu-a", "gpu-b")
    assert ended.returncode == 2
    assert "No route to host" in ended.stderr
    assert "gpu-b: the run was not started" in ended.stderr
    assert cloud.run("launch_hosts.sh").returncode == 2


def test_gpu_hosts_are_set_up_one_after_the_other(cloud):
    assert cloud.run("setup_hosts.sh", "gpu-a", "gpu-b").returncode == 0
    assert [(call[0], call[2]) for call in cloud.calls()[2::2]] == [("ssh", "gpu-a"), ("ssh", "gpu-b")]
    assert [call[2] for call in cloud.calls()[1::2]] == ["gpu-a:space_jax.tar.gz", "gpu-b:space_jax.tar.gz"]
    assert cloud.calls()[2][-1].endswith("worker/setup.sh cuda12")
