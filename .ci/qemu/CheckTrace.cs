// Holds a trace against what touch-pages did: one line per check, and "N passed, N failed". Exit code 1 if any failed.
// Usage: dotnet run CheckTrace.cs -- TRACE ACCESS-SOURCE INTERVAL-SECONDS < what touch-pages said
#:project ../../src/FleetEstimator.Traces/FleetEstimator.Traces.csproj

using System.Globalization;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

var trace = Trace.Load(args[0]);
var (source, interval) = (args[1], double.Parse(args[2], CultureInfo.InvariantCulture));
var isPhysical = trace.Header.Labels.TryGetValue("damon.operations", out var operations) && operations == "paddr";
var (passed, failed) = (0, 0);
Check("access_source", trace.Header.AccessSource == source ? null : $"is {trace.Header.AccessSource}, not {source}");
while (Console.In.ReadLine() is { } line)
{
    var words = line.Trim().Split(' ');
    if (words is not ["expect", _, _, _, _, _, _])
        continue;
    var seconds = double.Parse(words[1], CultureInfo.InvariantCulture);
    var (process, first, pages) = (uint.Parse(words[2], CultureInfo.InvariantCulture), ulong.Parse(words[3], CultureInfo.InvariantCulture), ulong.Parse(words[4], CultureInfo.InvariantCulture));
    // The scan after it: scans begin at whole intervals, or a little later.
    var rows = Enumerable.Range(0, trace.RowCount).Where(row => trace.Times[row] / 1e6 is var time && time > seconds && time <= seconds + interval
        && (process == 0 || trace.Processes[row] == process)).ToList();
    var share = words[5] is "mostly" or "hardly" ? $" ({Told(rows, first, pages)} of {pages} pages told as accessed)" : "";
    Check($"{source}: {words[6]} at {seconds:0} s{share}", words[5] switch
    {
        "mostly" => Told(rows, first, pages) is var told && told * 2 >= pages ? null : $"{told} of {pages} pages told as accessed, expected at least half",
        // Regions of physical memory are too coarse for that.
        "hardly" => Told(rows, first, pages) is var told && (told * 4 <= pages || isPhysical) ? null : $"{told} of {pages} pages told as accessed, expected at most a quarter",
        var access => WrongPage(rows, first, pages, access),
    });
}

Console.WriteLine($"{passed} passed, {failed} failed");
return failed == 0 ? 0 : 1;

void Check(string name, string? problem)
{
    Console.WriteLine(problem is null ? $"ok      {name}" : $"FAILED  {name}: {problem}");
    _ = problem is null ? passed++ : failed++;
}

ulong Told(List<int> rows, ulong first, ulong pages)
{
    var told = 0UL;
    for (var page = first; page < first + pages; page++)
        told += rows.Exists(row => Covers(row, page)) ? 1u : 0u;
    return told;
}

string? WrongPage(List<int> rows, ulong first, ulong pages, string access)
{
    for (var page = first; page < first + pages; page++)
    {
        var told = rows.Where(row => Covers(row, page)).Select(row => trace.Kinds[row]).Distinct().ToList();
        OperationKind[] expected = Expected(access);
        if (expected.Length == 0 ? told.Count > 0 : told.Count != 1 || !expected.Contains(told[0]))
            return $"page {page - first} of {pages}: {(told.Count == 0 ? "no row" : string.Join(", ", told))}, expected {(expected.Length == 0 ? "no row" : string.Join(" or ", expected))}";
    }

    return null;
}

// What each source can tell.
OperationKind[] Expected(string access) => (access, source) switch
{
    ("none", _) => [],
    ("change" or "new", _) => [OperationKind.Write],
    ("same", "idle-page+soft-dirty" or "soft-dirty") => [OperationKind.Write],
    ("read", "idle-page+soft-dirty") => [OperationKind.Read],
    ("read" or "same", "idle-page") => [OperationKind.Access],
    ("unsure", "idle-page+soft-dirty" or "idle-page") => [OperationKind.Access],
    _ => [],
};

bool Covers(int row, ulong page) =>
    trace.Kinds[row] is OperationKind.Read or OperationKind.Write or OperationKind.Access or OperationKind.Observe or OperationKind.Discard
    && trace.FirstPages[row] <= page && page < trace.FirstPages[row] + trace.PageCounts[row];
