"""Running solvers, of one problem or of many over one X that share each reading of it.

A solver is a generator that yields what it wants computed, a verb of its `Objective` with the
arguments, and gets the answer sent back. So it knows nothing of other problems; each problem takes
its own steps and ends at its own optimum, and one that has ended costs nothing more.
"""


def run_together(solvers, answer_together):
    """Answer many solvers, the same question of all who wait for it in one go.

    Parameters
    ----------
    solvers : list of generators
    answer_together : callable(name, questions) -> list of answers
        ``name`` is the verb's, ``questions`` a list of tuples (objective, *arguments).

    Returns
    -------
    list
        What each solver returns.
    """
    results = [None] * len(solvers)
    waiting = {}

    def advance(index, answer):
        try:
            verb, *arguments = solvers[index].send(answer)
        except StopIteration as end:
            results[index] = end.value
        else:
            waiting.setdefault(verb.__name__, {})[index] = (verb.__self__, *arguments)

    for index in range(len(solvers)):
        advance(index, None)
    while any(waiting.values()):
        # The question most of them wait for: the longer a group waits the larger it gets.
        name = max(waiting, key=lambda verb: len(waiting[verb]))
        asked = waiting.pop(name)
        answers = answer_together(name, list(asked.values()))
        for index, answer in zip(asked, answers, strict=True):
            advance(index, answer)
    return results
