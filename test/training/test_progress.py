"""How far the making of training data is reaches whoever listens, and nobody else."""

from ddff_perception.training.progress import progress_to, report_progress


def test_who_listens_hears_and_only_inside_the_block():
    heard: list[tuple[str, int, int]] = []
    report_progress("before", 1, 2)
    with progress_to(lambda *told: heard.append(told)):
        report_progress("blurring stacks", 3, 9)
        with progress_to(lambda *told: None):
            report_progress("to another", 4, 9)
        report_progress("blurring stacks", 6, 9)
    report_progress("after", 1, 2)
    assert heard == [("blurring stacks", 3, 9), ("blurring stacks", 6, 9)]
