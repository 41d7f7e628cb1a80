// Prints figures of one recording as JSON: dotnet run datasets/figures.cs -- FILE. They are what the trace itself says; nothing is simulated.
#:project ../src/FleetEstimator.Traces
#:property PublishAot=false
#:property NoWarn=$(NoWarn);MA0047

using System.Text.Json.Nodes;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

var trace = Trace.Load(args[0]);
var figures = new Figures();
for (var row = 0; row < trace.RowCount; row++)
{
    figures.AdvanceTo(trace.Times[row]);
    figures.Apply(trace[row]);
}

Console.WriteLine(figures.ToJson(trace).ToJsonString(new() { WriteIndented = true }));

/// <summary>What every process holds, page by page, as the rows say; read-only mappings of the zero page are not held. Shared pages count for each process.</summary>
internal sealed class Figures
{
    private readonly Dictionary<uint, Dictionary<ulong, PageContent>> _held = [];
    private readonly Dictionary<(uint Process, ulong Page), (bool Zero, bool Other)> _everHeld = [];
    private readonly SortedDictionary<OperationKind, (long Rows, long Pages)> _operations = [];
    private readonly long[] _heldNow = new long[4];
    private readonly double[] _pageSeconds = new double[4];
    private ulong _time;
    private long _peak;
    private long _touched;
    private double _touchedShares;
    private long _intervals;
    private int _processesPeak;

    public void AdvanceTo(ulong time)
    {
        if (time == _time)
            return;
        var held = _heldNow.Sum();
        _peak = Math.Max(_peak, held);
        _processesPeak = Math.Max(_processesPeak, _held.Count);
        for (var content = 0; content < 4; content++)
            _pageSeconds[content] += _heldNow[content] * ((time - _time) / 1e6);
        if (_time > 0 && held > 0)
        {
            _touchedShares += Math.Min(1, (double)_touched / held);
            _intervals++;
        }

        (_time, _touched) = (time, 0);
    }

    public void Apply(in Operation operation)
    {
        var (rows, pagesBefore) = _operations.GetValueOrDefault(operation.Kind);
        _operations[operation.Kind] = (rows + 1, pagesBefore + operation.Pages);
        switch (operation.Kind)
        {
            case OperationKind.Fork:
                foreach (var (page, content) in PagesOf((uint)operation.Page).ToArray())
                    Hold(operation.Process, page, content);
                break;
            case OperationKind.Exit:
                Drop(operation.Process, PagesOf(operation.Process).Keys.ToArray());
                _ = _held.Remove(operation.Process);
                break;
            case OperationKind.Unmap or OperationKind.Discard:
                Drop(operation.Process, HeldIn(operation.Process, operation.Page, operation.Pages));
                break;
            case OperationKind.Write or OperationKind.Observe or OperationKind.Access:
                Touch(in operation);
                break;
        }
    }

    public JsonObject ToJson(Trace trace)
    {
        AdvanceTo(_time + 1);
        var all = _pageSeconds.Sum();
        var (distinct, known) = (_everHeld.Count, _everHeld.Values.Count(seen => seen.Zero || seen.Other));
        return new JsonObject
        {
            ["recorded_at"] = trace.Header.RecordedAt.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ"),
            ["rows"] = trace.RowCount,
            ["duration_seconds"] = Round(trace.DurationMicroseconds / 1e6),
            ["processes"] = trace.Processes.ToArray().Distinct().Count(),
            ["processes_at_once_peak"] = _processesPeak,
            ["held_bytes_peak"] = _peak * trace.Header.PageSize,
            ["operations"] = new JsonObject(_operations.Select(pair => KeyValuePair.Create<string, JsonNode?>(
                TraceFormat.NameOf(pair.Key), new JsonObject { ["rows"] = pair.Value.Rows, ["pages"] = pair.Value.Pages }))),
            ["page_seconds"] = new JsonObject
            {
                ["all"] = Round(all),
                ["zero_share"] = Share(_pageSeconds[(int)PageContent.Zero], all),
                ["repeated_word_share"] = Share(_pageSeconds[(int)PageContent.Repeated], all),
                ["data_share"] = Share(_pageSeconds[(int)PageContent.Data], all),
                ["unknown_share"] = Share(_pageSeconds[(int)PageContent.Unknown], all),
            },
            ["distinct_pages_written"] = new JsonObject
            {
                ["all"] = distinct,
                ["zero_at_every_scan_share"] = Share(_everHeld.Values.Count(seen => seen is { Zero: true, Other: false }), distinct),
                ["zero_at_some_scan_share"] = Share(_everHeld.Values.Count(seen => seen.Zero), distinct),
                ["content_never_known_share"] = Share(distinct - known, distinct),
            },
            ["touched_share_of_held_pages_mean"] = _intervals == 0 ? null : Math.Round(_touchedShares / _intervals, 4),
        };
    }

    private void Touch(in Operation operation)
    {
        _touched += operation.Pages;
        for (var page = operation.Page; page < operation.Page + operation.Pages; page++)
        {
            var isHeld = PagesOf(operation.Process).TryGetValue(page, out var before);
            if (operation.Kind == OperationKind.Access && !isHeld)
                continue;
            var content = operation.Kind == OperationKind.Access && operation.Content == PageContent.Unknown ? before : operation.Content;
            Hold(operation.Process, page, content);
            var (zero, other) = _everHeld.GetValueOrDefault((operation.Process, page));
            _everHeld[(operation.Process, page)] =
                (zero || content == PageContent.Zero, other || content is PageContent.Data or PageContent.Repeated);
        }
    }

    private Dictionary<ulong, PageContent> PagesOf(uint process) => _held.TryGetValue(process, out var held) ? held : _held[process] = [];

    private void Hold(uint process, ulong page, PageContent content)
    {
        var held = PagesOf(process);
        if (held.TryGetValue(page, out var before))
            _heldNow[(int)before]--;
        held[page] = content;
        _heldNow[(int)content]++;
    }

    private ulong[] HeldIn(uint process, ulong first, uint count)
    {
        var held = PagesOf(process);
        return count < held.Count
            ? [.. Enumerable.Range(0, (int)count).Select(offset => first + (ulong)offset).Where(held.ContainsKey)]
            : [.. held.Keys.Where(page => page >= first && page < first + count)];
    }

    private void Drop(uint process, ulong[] gone)
    {
        foreach (var page in gone)
        {
            if (PagesOf(process).Remove(page, out var content))
                _heldNow[(int)content]--;
        }
    }

    private static double? Share(double part, double all) => all == 0 ? null : Math.Round(part / all, 4);

    private static double Round(double value) => Math.Round(value, 1);
}
