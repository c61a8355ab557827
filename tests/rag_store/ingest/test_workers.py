import pytest

from rag_store.ingest.workers import in_order

DEATH = "__import__('os').kill(__import__('os').getpid(), 9)"
SLEEP = "__import__('time').sleep(60)"


def refused(task, reason):
    return f"lost: {reason}"


def test_answers_come_in_order_whatever_happens_to_a_process():
    tasks = ["1 + 1", DEATH, "[2] * 2", SLEEP, *(f"{n} ** 2" for n in range(20)), DEATH]
    answers = list(in_order(eval, tasks, 2, refused, limit=5.0))
    assert [task for task, _ in answers] == tasks
    values = [value for _, value in answers]
    assert values[0] == 2 and values[2] == [2, 2] and values[4:24] == [n**2 for n in range(20)]
    assert values[1] == values[-1] == "lost: its reader ended with code -9"
    assert values[3] == "lost: reading it took more than 5 seconds"


def test_no_tasks_and_this_process():
    assert list(in_order(eval, [], 1, refused)) == []
    assert list(in_order(eval, ["3"], 0, refused)) == [("3", 3)]


def test_leaving_early_ends_the_processes():
    import multiprocessing

    answers = in_order(eval, (f"{n}" for n in range(10**6)), 2, refused)
    assert next(answers) == ("0", 0)
    answers.close()
    assert not multiprocessing.active_children()


def test_an_error_of_the_work_itself_ends_its_process_and_is_said():
    (answer,) = in_order(eval, ["1 / 0"], 1, refused, limit=30.0)
    assert answer[1].startswith("lost: its reader ended with code")


@pytest.mark.parametrize("processes", [1, 3])
def test_an_answer_may_be_large(processes):
    tasks = ["'x' * 10 ** 7"] * 3
    assert [len(value) for _, value in in_order(eval, tasks, processes, refused)] == [10**7] * 3
