"""Running solvers, of one problem or of many over one X that share each reading of it.

A solver is a generator that yields what it wants computed, a verb of its `Objective` with the
arguments, and gets the answer sent back. So it knows nothing of other problems; each problem takes
its own steps and ends at its own optimum, and one that has ended costs nothing more.
"""

from ._shared import answer_together


def run_together(solvers, share_out):
    """Answer many solvers, the same question of all who wait for it in one go.

    Parameters
    ----------
    solvers : list of generators
    share_out : callable(task, parts) -> list
        [task(*part) for part in parts], possibly by several threads.

    Returns
    -------
    list
        What each solver returns.
    """
    if len(solvers) == 1:
        return [_run_alone(*solvers)]
    results = [None] * len(solvers)
    waiting = {}

    def advance(index, answer):
        try:
            return solvers[index].send(answer)
        except StopIteration as end:
            results[index] = end.value

    def advance_all(indices, answers):
        asked = share_out(advance, list(zip(indices, answers, strict=True)))
        for index, question in zip(indices, asked, strict=True):
            if question is not None:
                verb, *arguments = question
                waiting.setdefault(verb.__name__, {})[index] = (verb.__self__, *arguments)

    advance_all(range(len(solvers)), [None] * len(solvers))
    while any(waiting.values()):
        # The question most of them wait for: the longer a group waits the larger it gets.
        name = max(waiting, key=lambda verb: len(waiting[verb]))
        asked = waiting.pop(name)
        advance_all(asked, answer_together(name, list(asked.values())))
    return results


def _run_alone(solver):
    """The same for one solver: nobody to wait for."""
    answer = None
    while True:
        try:
            verb, *arguments = solver.send(answer)
        except StopIteration as end:
            return end.value
        answer = verb(*arguments)
