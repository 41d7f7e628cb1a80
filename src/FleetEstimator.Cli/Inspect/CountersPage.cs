using FleetEstimator.Reports;
using FleetEstimator.Reports.Charts;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>Says what a counters file shows: rates over time of the whole node and of each cgroup.</summary>
internal static class CountersPage
{
    // More have their totals in the table only.
    private const int CgroupsDrawn = 4;

    private static readonly (string Id, string Title, string What, string[] Names)[] Groups =
    [
        ("swap", "Swapped out and in", "pages; the zero-filled ones (swpout_zero, swpin_zero) are counted apart by kernels with a zeromap, and are not in pswpout and pswpin",
            ["pswpout", "pswpin", "swpout_zero", "swpin_zero"]),
        ("zswap", "To and from zswap", "pages; zswpwb are those written back from it to the device", ["zswpout", "zswpin", "zswpwb"]),
        ("faults", "Page faults", "faults; pgmajfault are those that waited for a page to be read", ["pgfault", "pgmajfault"]),
        ("reclaim", "Reclaim", "pages looked at (pgscan) and taken (pgsteal)", ["pgscan_kswapd", "pgscan_direct", "pgsteal_kswapd", "pgsteal_direct"]),
    ];

    public static ChartPage Of(CounterFile file, CounterRates rates) => new()
    {
        Title = Path.GetFileName(file.FilePath),
        Kind = "counters of a node",
        Facts = [.. Facts(file, rates)],
        Notes = rates.IsCutShort ? ["The last line was cut short and is left out: the recorder was killed, or its disk was full."] : [],
        Charts = [.. Charts(file, rates)],
        Tables =
        [
            .. Totals("Events of the node", rates.Vmstat),
            .. rates.Cgroups.SelectMany(cgroup => Totals($"Events of {cgroup.Key}", cgroup.Value)),
            ("Settings", new(["setting", "value"], [.. file.Header.Settings.Select(setting => (IReadOnlyList<string>)[setting.Key, setting.Value])])),
        ],
    };

    private static IEnumerable<(string, string)> Facts(CounterFile file, CounterRates rates)
    {
        var header = file.Header;
        yield return ("Duration", Measures.Text(rates.DurationMicroseconds, Measure.Time));
        yield return ("Samples", FigureFormat.Count(rates.Samples));
        yield return ("Zero-filled, of pages swapped out", Share(rates, rates.SwappedOutZeroShare, "swpout_zero", "no page was swapped out"));
        yield return ("Zero-filled, of pages swapped in", Share(rates, rates.SwappedInZeroShare, "swpin_zero", "no page was swapped in"));
        yield return ("Memory, swap", $"{Measures.Text(header.MemoryBytes, Measure.Bytes)}, {Measures.Text(header.SwapBytes, Measure.Bytes)}");
        yield return ("Recorded", $"{header.Node}, {header.RecordedAt:yyyy-MM-dd HH:mm}, Linux {header.KernelRelease}");
    }

    private static string Share(CounterRates rates, double? share, string counter, string none) =>
        rates.Vmstat.ContainsKey(counter) ? TracePage.Share(share, none) : "not counted by this kernel";

    private static IEnumerable<Chart> Charts(CounterFile file, CounterRates rates)
    {
        foreach (var group in Groups.Where(group => group.Id is "swap" or "faults" || group.Names.Any(rates.Vmstat.ContainsKey)))
            yield return Rates(group.Id, group.Title, group.What, group.Names, rates.Times, rates.Vmstat);
        foreach (var (name, number) in rates.Cgroups.Keys.Take(CgroupsDrawn).Select((name, number) => (name, number)))
        {
            yield return Levels(file, name, number);
            yield return Rates($"cgroup-{number}-swap", $"Swapped out and in: {name}", Groups[0].What, [.. Groups[0].Names, "zswpout", "zswpin"], rates.Times, rates.Cgroups[name]);
        }
    }

    private static LineChart Rates(
        string id, string title, string what, string[] names, IReadOnlyList<ulong> times, IReadOnlyDictionary<string, EventRate> rates)
    {
        List<string> drawn = [.. names.Where(name => rates.TryGetValue(name, out var rate) && rate.PerSecond != null).Take(Palette.LinesMax)];
        return new()
        {
            Id = id,
            Title = title,
            Description = $"Per second, between each sample and the one before it; {what}.",
            Nothing = drawn.Count == 0 ? "The file has no two samples of these counters." : null,
            Across = new("since the start", Measure.Time),
            Up = new("", Measure.PerSecond),
            Lines = [.. drawn.Select(name => new ChartLine(name, [.. rates[name].Rates.Zip(times).Where(pair => pair.First != null)
                .Select(pair => new ChartPoint(pair.Second, pair.First!.Value))]))],
            Table = drawn.Count == 0 ? ChartTable.Empty : new(
                ["until", .. drawn.Select(name => $"{name}, per second")],
                [.. times.Select((time, at) => (IReadOnlyList<string>)[Measures.Text(time, Measure.Time), .. drawn.Select(name => Rate(rates[name].Rates[at]))])]),
        };
    }

    private static LineChart Levels(CounterFile file, string cgroup, int number)
    {
        (string Name, string Key)[] levels = [("in memory", "current"), ("in swap", "swap_current"), ("limit", "max")];
        List<CounterSample> samples = [.. file.Samples.Where(sample => sample.Cgroups?.ContainsKey(cgroup) == true)];
        List<(string Name, string Key)> drawn = [.. levels.Where(level => samples.Exists(sample => sample.Cgroups![cgroup].ContainsKey(level.Key)))];
        return new()
        {
            Id = $"cgroup-{number}-memory",
            Title = $"Memory and swap: {cgroup}",
            Description = "Memory charged to the cgroup, its swap, and its limit where it has one, as they stood at each sample.",
            Nothing = drawn.Count == 0 || samples.Count < 2 ? "The file has no two samples of this cgroup." : null,
            Across = new("since the start", Measure.Time),
            Up = new("", Measure.Bytes),
            Lines = [.. drawn.Select(level => new ChartLine(level.Name, [.. samples.Where(sample => sample.Cgroups![cgroup].ContainsKey(level.Key))
                .Select(sample => new ChartPoint(sample.TimeMicroseconds, sample.Cgroups![cgroup][level.Key]))]))],
            Table = new(
                ["at", .. drawn.Select(level => level.Name)],
                [.. samples.Select(sample => (IReadOnlyList<string>)
                    [
                        Measures.Text(sample.TimeMicroseconds, Measure.Time),
                        .. drawn.Select(level => sample.Cgroups![cgroup].TryGetValue(level.Key, out var bytes) ? Measures.Text(bytes, Measure.Bytes) : "none"),
                    ])]),
        };
    }

    private static string Rate(double? rate) => rate is { } value ? Measures.Text(value, Measure.PerSecond) : "not known";

    private static IEnumerable<(string, ChartTable)> Totals(string title, IReadOnlyDictionary<string, EventRate> rates)
    {
        List<KeyValuePair<string, EventRate>> happened = [.. rates.Where(rate => rate.Value.Events > 0)];
        if (happened.Count > 0)
        {
            yield return (title, new(["counter", "events", "per second, mean"],
                [.. happened.Select(rate => (IReadOnlyList<string>)[rate.Key, FigureFormat.Count(rate.Value.Events), Rate(rate.Value.PerSecond)])]));
        }
    }
}
