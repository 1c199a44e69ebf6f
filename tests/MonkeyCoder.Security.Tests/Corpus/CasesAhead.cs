using System.Collections.Concurrent;

namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>Runs cases a few ahead of the one that is asked for, so that independent ones share the machine's time.</summary>
internal sealed class CasesAhead(IReadOnlyList<string> order, int atOnce, Func<CorpusCase, Task<Outcome>> run)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<Outcome>>> _runs = [];

    public Task<Outcome> OutcomeOf(string id)
    {
        var first = Enumerable.Range(0, order.Count).First(index => order[index] == id);
        for (var ahead = first + 1; ahead < Math.Min(first + atOnce, order.Count); ahead++) _ = Start(order[ahead]);
        return Start(id);
    }

    /// <summary>Waits for what was started, also where nobody asked for it.</summary>
    public Task EndedAsync() => Task.WhenAll(_runs.Values.Select(static run => run.Value));

    private Task<Outcome> Start(string id) =>
        _runs.GetOrAdd(id, static (key, run) => new Lazy<Task<Outcome>>(() => Task.Run(() => run(CorpusFile.Case(key)))), run).Value;
}
