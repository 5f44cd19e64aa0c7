"""The loop that outlives pre-emption: what it does when, and that it ends."""

import os
import signal
import time

import pytest

ABSENT = (1, "ERROR: (gcloud) NOT_FOUND: Resource was not found\n")
WAITING, ACTIVE, SUSPENDED = "WAITING_FOR_RESOURCES\n", "ACTIVE\n", "SUSPENDED\n"
NO_ANSWER = (1, "ssh: connection refused\n")


def worker(state, step, index=0, quiet=1):
    return f"space_jax worker {index}: {state}, quiet {quiet} s, checkpoint {step} of 1000\n"


DONE = worker("ended 0", 1000)


def test_waits_launches_and_ends_when_the_last_checkpoint_is_there(cloud):
    cloud.answer("describe", ABSENT, WAITING, "PROVISIONING\n", ACTIVE)
    cloud.answer("status", NO_ANSWER, worker("running", 0), worker("running", 500), DONE)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 0, ended.stderr
    assert cloud.verbs() == ["create", "setup", "launch", "delete"]
    assert "checkpoint of step 500" in ended.stderr
    assert "done: the checkpoint of the last step, 1000, is in /mnt/bucket/runs/one" in ended.stderr
    assert "may still exist" not in ended.stderr


def test_a_machine_pre_empted_half_way_is_made_again(cloud):
    cloud.answer("describe", ABSENT, *[ACTIVE] * 3, "SUSPENDING\n", SUSPENDED, ABSENT, WAITING, ACTIVE)
    status = [NO_ANSWER, worker("running", 300), worker("running", 400)]
    cloud.answer("status", *status, NO_ANSWER, worker("running", 700), DONE)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 0, ended.stderr
    assert cloud.verbs() == ["create", "setup", "launch", "delete", "create", "setup", "launch", "delete"]
    assert "pre-empted (try 1 of 3 without a new checkpoint)" in ended.stderr


def test_a_machine_known_to_be_gone_before_its_queue_says_so(cloud):
    cloud.answer("describe", ABSENT, ACTIVE, ACTIVE, ABSENT, ACTIVE)
    cloud.answer("status", NO_ANSWER, NO_ANSWER, NO_ANSWER, DONE)
    cloud.answer("node", "PREEMPTED\n")
    assert cloud.run("run_until_done.sh").returncode == 0
    assert cloud.verbs() == ["create", "setup", "launch", "delete", "create", "setup", "launch", "delete"]


def test_a_run_that_stopped_before_its_end_is_launched_again(cloud):
    """Exit status 0 alone does not mean that it is done: SIGTERM ends a run so too."""
    cloud.answer("describe", ACTIVE)
    stopped = worker("ended 0", 300)
    cloud.answer("status", NO_ANSWER, stopped, stopped, DONE)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 0
    assert cloud.verbs() == ["setup", "launch", "setup", "launch", "delete"]
    assert "the run ended before its last step (worker 0 ended with exit status 0)" in ended.stderr


def test_tries_count_only_without_a_new_checkpoint(cloud):
    cloud.answer("describe", ACTIVE)
    status = [NO_ANSWER]
    for step in range(100, 600, 100):  # more breaks than MAX_TRIES, each with a new checkpoint
        status += [worker("ended 134", step)] * 2
    cloud.answer("status", *status, DONE)
    assert cloud.run("run_until_done.sh").returncode == 0
    assert cloud.verbs().count("launch") == 6


def test_no_capacity_ends_after_so_many_tries(cloud):
    cloud.settings(WAIT_SECONDS="0")
    cloud.answer("describe", *[ABSENT, WAITING] * 9)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 1
    assert "no capacity for v5litepod-16 in us-west4-a: WAITING_FOR_RESOURCES after 0 s (try 3 of 3" in ended.stderr
    assert "gave up after 3 tries" in ended.stderr
    assert cloud.verbs() == ["create", "delete"] * 3


@pytest.mark.parametrize("state", ["FAILED\n", SUSPENDED])
def test_a_queued_resource_that_fails_ends_after_so_many_tries(cloud, state):
    cloud.answer("describe", *[ABSENT, state] * 9)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 1
    assert cloud.verbs() == ["create", "delete"] * 3


def test_a_request_refused_for_now_is_made_again(cloud):
    cloud.answer("describe", ABSENT)
    cloud.answer("create", (1, "ERROR: UNAVAILABLE: try again\n"))
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 1
    assert cloud.verbs() == ["create"] * 3


def test_the_time_before_a_new_request_doubles(cloud):
    cloud.settings(BACKOFF_SECONDS="7", MAX_TRIES="5")
    (cloud.folder / "bin" / "sleep").write_text(f'#!/bin/sh\necho "$1" >> {cloud.folder}/sleeps\n')
    (cloud.folder / "bin" / "sleep").chmod(0o755)
    cloud.answer("describe", ABSENT)
    cloud.answer("create", (1, "ERROR: UNAVAILABLE: try again\n"))
    cloud.run("run_until_done.sh")
    slept = (cloud.folder / "sleeps").read_text().split()
    assert [seconds for seconds in slept if seconds != "0.02"] == ["7", "14", "28", "56"]


def test_a_wrong_zone_ends_at_once(cloud):
    cloud.answer("describe", ABSENT)
    cloud.answer("create", (1, "ERROR: INVALID_ARGUMENT: location us-nowhere1-a\n"))
    ended = cloud.run("run_until_done.sh", "--zone", "us-nowhere1-a")
    assert ended.returncode == 2
    assert "ERROR: INVALID_ARGUMENT: location us-nowhere1-a" in ended.stderr
    assert cloud.verbs() == ["create"]
    assert "may still exist" not in ended.stderr


def test_a_state_that_cannot_be_read_ends_at_once_but_not_in_the_middle(cloud):
    cloud.answer("describe", (1, "ERROR: not logged in\n"))
    ended = cloud.run("run_until_done.sh")
    assert (ended.returncode, cloud.verbs()) == (2, [])
    assert "ERROR: not logged in" in ended.stderr
    cloud.answer("describe", ACTIVE, (1, "ERROR: network\n"), ACTIVE)
    cloud.answer("status", NO_ANSWER, DONE)
    assert cloud.run("run_until_done.sh").returncode == 0


def test_a_refused_command_is_not_tried_again(cloud):
    cloud.answer("describe", ABSENT, ACTIVE)
    cloud.answer("status", NO_ANSWER, worker("ended 2", "-") + worker("running", "-", index=1))
    cloud.answer("tail", "space-jax: config field model.heads: 5 heads do not divide hidden size 64\n")
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 2
    assert "5 heads do not divide" in ended.stdout
    assert "the command was refused (worker 0 ended with exit status 2)" in ended.stderr
    assert cloud.verbs() == ["create", "setup", "launch", "delete"]


def test_workers_that_hang_after_another_ended_are_launched_again(cloud):
    cloud.answer("describe", ACTIVE)
    half = worker("running", 300) + worker("lost", "-", index=1)
    cloud.answer("status", NO_ANSWER, half, half, half, DONE)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 0
    assert "only some workers run (worker 1 lost)" in ended.stderr
    assert cloud.verbs().count("launch") == 2


def test_a_run_that_prints_nothing_any_more_is_launched_again(cloud):
    cloud.settings(QUIET_SECONDS="100")
    cloud.answer("describe", ACTIVE)
    silent = worker("running", 300, quiet=101) + worker("running", "-", index=1, quiet=900)
    cloud.answer("status", NO_ANSWER, silent, silent, DONE)
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 0
    assert "has printed nothing for 100 s" in ended.stderr
    assert cloud.verbs().count("launch") == 2


def test_a_run_that_is_there_is_taken_up(cloud):
    cloud.answer("describe", ACTIVE)
    cloud.answer("status", worker("running", 300), DONE)
    assert cloud.run("run_until_done.sh").returncode == 0
    assert cloud.verbs() == ["delete"]


def test_a_setup_that_never_works_ends_and_leaves_nothing(cloud):
    cloud.answer("describe", ACTIVE)
    cloud.answer("status", NO_ANSWER)
    cloud.answer("setup", (1, "no space left on device\n"))
    ended = cloud.run("run_until_done.sh")
    assert ended.returncode == 1
    assert "no space left on device" in ended.stderr
    assert cloud.verbs() == ["setup"] * 3 + ["delete"]


def test_a_machine_that_cannot_be_deleted_is_named_at_the_end(cloud):
    cloud.answer("describe", ACTIVE)
    cloud.answer("status", NO_ANSWER, DONE)
    cloud.answer("delete", (1, "ERROR: PERMISSION_DENIED\n"))
    ended = cloud.run("run_until_done.sh")
    assert "mine may still exist and cost money; this deletes it: " in ended.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_loop_says_how_to_delete(cloud, number, status):
    cloud.answer("describe", ABSENT, WAITING)
    process = cloud.start("run_until_done.sh")
    try:
        deadline = time.monotonic() + 30
        while len(cloud.calls()) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, number)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == status
    assert "mine may still exist and cost money; this deletes it: " in err
    assert f"tpu_scripts/delete.sh --settings {cloud.folder}/settings.sh" in err
    assert "delete" not in cloud.verbs()


def test_a_dry_run_shows_one_round(cloud):
    ended = cloud.run("run_until_done.sh", "--dry-run")
    parts = ("describe mine", "create mine", "tar ", "scp", "setup.sh", "launch.sh", "status.sh", "delete mine")
    lines = ended.stdout.splitlines()
    assert len(lines) == len(parts)
    assert all(part in line for part, line in zip(parts, lines, strict=True))
    assert cloud.calls() == []
