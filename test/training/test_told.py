"""How far the making of training data is reaches whoever listens, and nobody else."""

from ddff_perception.training.told import tell, told_to


def test_who_listens_hears_and_only_inside_the_block():
    heard: list[tuple[str, int, int]] = []
    tell("before", 1, 2)
    with told_to(lambda *told: heard.append(told)):
        tell("blurring stacks", 3, 9)
        with told_to(lambda *told: None):
            tell("to another", 4, 9)
        tell("blurring stacks", 6, 9)
    tell("after", 1, 2)
    assert heard == [("blurring stacks", 3, 9), ("blurring stacks", 6, 9)]
