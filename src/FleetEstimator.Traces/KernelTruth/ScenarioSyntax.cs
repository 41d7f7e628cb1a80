using System.Globalization;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>Reads one operation of a scenario: <c>VERB WORKER REGION OFFSET LENGTH [ARGS]</c>, or fewer numbers where the verb needs no run.</summary>
internal static class ScenarioSyntax
{
    /// <summary>Pages of the address range a region has to itself: 1 GiB.</summary>
    public const int RegionPagesMax = 1 << 18;

    // A scenario is a handful of workers and regions; the limits keep addresses inside what x86-64 gives a process.
    private const int WorkerMax = 4095;
    private const int RegionMax = 4095;

    /// <summary>Reads <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">It is not an operation; the message says why.</exception>
    public static ScenarioOperation Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            ["mmap", .. var rest] => Run(text, ScenarioVerb.Map, rest),
            ["read", .. var rest] => Run(text, ScenarioVerb.Read, rest),
            ["pageout", .. var rest] => Run(text, ScenarioVerb.PageOut, rest),
            ["cold", .. var rest] => Run(text, ScenarioVerb.Cold, rest),
            ["free", .. var rest] => Run(text, ScenarioVerb.Free, rest),
            ["dontneed", .. var rest] => Run(text, ScenarioVerb.DontNeed, rest),
            ["huge", .. var rest] => Run(text, ScenarioVerb.Huge, rest),
            ["nohuge", .. var rest] => Run(text, ScenarioVerb.NoHuge, rest),
            ["mlock", .. var rest] => Run(text, ScenarioVerb.Lock, rest),
            ["munlock", .. var rest] => Run(text, ScenarioVerb.Unlock, rest),
            ["write", _, _, _, _, _] or ["write", _, _, _, _, _, _] => Write(text, words),
            ["store", _, _, _, _, var value] => Run(text, ScenarioVerb.Store, words[1..5]) with { Argument = Number(value, byte.MaxValue, "byte") },
            ["munmap", var worker, var region] => new()
            {
                Text = text,
                Verb = ScenarioVerb.Unmap,
                Worker = Worker(worker),
                Region = Region(region),
            },
            ["fork", var parent, var child] => Of(text, ScenarioVerb.Fork, parent) with { Argument = (ulong)Worker(child) },
            ["exit", var worker] => Of(text, ScenarioVerb.Exit, worker),
            ["settle"] => Of(text, ScenarioVerb.Settle, "0"),
            ["settle", var worker] => Of(text, ScenarioVerb.Settle, worker),
            ["reclaim", var pages] => Of(text, ScenarioVerb.Reclaim, "0") with { Argument = Number(pages, uint.MaxValue, "number of pages") },
            ["limit", var pages] => Of(text, ScenarioVerb.Limit, "0") with { Argument = Number(pages, uint.MaxValue, "number of pages") },
            [] => throw new FormatException("the operation is empty"),
            ["write" or "store" or "munmap" or "fork" or "exit" or "settle" or "reclaim" or "limit", ..] =>
                throw new FormatException($"{words[0]} does not take {words.Length - 1} arguments"),
            _ => throw new FormatException($"there is no verb \"{words[0]}\""),
        };
    }

    private static ScenarioOperation Of(string text, ScenarioVerb verb, string worker) => new() { Text = text, Verb = verb, Worker = Worker(worker) };

    private static ScenarioOperation Run(string text, ScenarioVerb verb, string[] arguments)
    {
        if (arguments is not [var worker, var region, var offset, var pages])
            throw new FormatException($"a run takes WORKER REGION OFFSET LENGTH, not {arguments.Length} arguments");
        var operation = new ScenarioOperation
        {
            Text = text,
            Verb = verb,
            Worker = Worker(worker),
            Region = Region(region),
            Offset = (int)Number(offset, RegionPagesMax - 1, "offset"),
            Pages = (int)Number(pages, RegionPagesMax, "length"),
        };
        if (operation.Pages == 0)
            throw new FormatException("the length is 0, and must be at least 1");
        if (operation.Offset + operation.Pages > RegionPagesMax)
            throw new FormatException($"the run ends at page {operation.Offset + operation.Pages}, beyond the {RegionPagesMax} pages of a region's 1 GiB");
        return operation;
    }

    private static ScenarioOperation Write(string text, string[] words)
    {
        var fill = words[5] switch
        {
            "zero" => PageFill.Zero,
            "random" => PageFill.Random,
            "same" => PageFill.Same,
            "half" => PageFill.Half,
            _ => throw new FormatException($"\"{words[5]}\" is none of zero, random, same, half"),
        };
        if (fill == PageFill.Same && words.Length == 6)
            throw new FormatException("same lacks the word that is repeated");
        var argument = words.Length > 6 ? Number(words[6], ulong.MaxValue, "argument") : 0;
        return Run(text, ScenarioVerb.Write, words[1..5]) with { Fill = fill, Argument = argument };
    }

    private static int Worker(string word) => (int)Number(word, WorkerMax, "worker");

    private static int Region(string word) => (int)Number(word, RegionMax, "region");

    private static ulong Number(string word, ulong greatest, string what)
    {
        if (!ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > greatest)
            throw new FormatException($"the {what} \"{word}\" is not a whole number from 0 to {greatest}");
        return number;
    }
}
