using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using FleetEstimator.Cli.Bench;
using FleetEstimator.Paging;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator bench</c>: how fast this machine replays.</summary>
internal static class BenchCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create() => new("bench", "Measure the paging model on this machine.") { CreateReplay() };

    private static Command CreateReplay()
    {
        var pages = new Option<uint>("--pages") { Description = "Pages of the process.", HelpName = "N", DefaultValueFactory = _ => 1_000_000 };
        var memory = new Option<uint>("--memory") { Description = "Memory limit in pages; 0: none.", HelpName = "M", DefaultValueFactory = _ => 500_000 };
        var zipf = new Option<double>("--zipf") { Description = "Exponent of the popularity of pages; 0: uniform.", HelpName = "A", DefaultValueFactory = _ => 0.9 };
        var accesses = new Option<int>("--accesses") { Description = "Reads to replay.", HelpName = "K", DefaultValueFactory = _ => 20_000_000 };
        var mechanisms = new Option<string>("--mechanisms")
        {
            Description = "Mechanisms to replay in one pass, separated by commas.", HelpName = "NAMES", DefaultValueFactory = _ => Mechanism.Linux612.Name,
        };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the sequence.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var export = new Option<string?>("--export") { Description = "Write the sequence as an oracleGeneral trace for libCacheSim.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        pages.Validators.Add(result => Require(result, result.GetValueOrDefault<uint>() is > 0 and <= PagesMax, $"between 1 and {PagesMax}"));
        accesses.Validators.Add(result => Require(result, result.GetValueOrDefault<int>() > 0, "at least 1"));
        zipf.Validators.Add(result => Require(result, result.GetValueOrDefault<double>() is >= 0 and <= ZipfMax, $"between 0 and {ZipfMax}"));
        mechanisms.Validators.Add(result => Require(
            result, NamesIn(result.GetValueOrDefault<string>()).All(name => Mechanism.Find(name) != null), $"there are {string.Join(", ", Mechanism.All)}"));
        var command = new Command("replay", "Replay single reads, Zipf distributed, of one process under a memory limit on zram.")
        {
            pages, memory, zipf, accesses, mechanisms, seed, export, json,
        };
        command.SetAction(parsed =>
        {
            var sequence = new ZipfAccesses(parsed.GetValue(pages), parsed.GetValue(zipf), parsed.GetValue(seed)).Take(parsed.GetValue(accesses));
            var benchmark = new ReplayBenchmark(
                parsed.GetValue(pages), parsed.GetValue(memory), sequence, [.. NamesIn(parsed.GetValue(mechanisms)!).Select(name => Mechanism.Find(name)!)]);
            try
            {
                if (parsed.GetValue(export) is { } path)
                    Export(path, benchmark);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine(exception.Message);
                return ExitCode.Failed;
            }

            benchmark.CompileCode();
            var result = benchmark.Run();
            Console.Out.Write(parsed.GetValue(json) ? ToJson(benchmark, result).ToJsonString(Indented) + "\n" : ToText(benchmark, result));
            return ExitCode.Done;
        });
        return command;
    }

    private const uint PagesMax = 1 << 30;

    // Beyond it all accesses but a few go to one page.
    private const double ZipfMax = 10;

    private static void Require(OptionResult option, bool holds, string what)
    {
        if (!holds)
            option.AddError($"{option.Option.Name} {string.Join(' ', option.Tokens)}: {what}.");
    }

    private static string[] NamesIn(string names) => names.Split(',', StringSplitOptions.TrimEntries);

    private static void Export(string path, ReplayBenchmark benchmark)
    {
        using var file = File.Create(path, bufferSize: 1 << 20);
        OracleGeneral.Write(file, benchmark.Accesses, benchmark.Pages);
    }

    private static JsonObject ToJson(ReplayBenchmark benchmark, ReplayResult result)
    {
        var counted = result.Counted[0];
        return new JsonObject
        {
            ["accesses_per_second"] = Math.Round(result.AccessesPerSecond),
            ["major_faults"] = counted.MajorFaults,
            ["reclaimed"] = ReplayResult.Reclaimed(counted),
            ["accesses"] = result.Accesses,
            ["seconds"] = result.Elapsed.TotalSeconds,
            ["cpu_seconds"] = result.Cpu.TotalSeconds,
            ["pages"] = benchmark.Pages,
            ["memory"] = benchmark.MemoryPages,
            ["bytes_per_page"] = Math.Round(result.BytesPerPage, 3),
            ["allocated_bytes"] = result.AllocatedBytes,
            ["sequence_bytes"] = (long)benchmark.Accesses.Length * sizeof(uint),
            ["peak_rss_bytes"] = PeakResidentBytes(),
            ["mechanisms"] = new JsonArray([.. benchmark.Mechanisms.Zip(result.Counted, (mechanism, counters) => new JsonObject
            {
                ["mechanism"] = mechanism.Name,
                ["major_faults"] = counters.MajorFaults,
                ["minor_faults"] = counters.MinorFaults,
                ["reclaimed"] = ReplayResult.Reclaimed(counters),
            })]),
        };
    }

    private static string ToText(ReplayBenchmark benchmark, ReplayResult result)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine($"{result.Accesses:N0} reads of {benchmark.Pages:N0} pages in {benchmark.MemoryPages:N0} pages of memory: {result.Elapsed.TotalSeconds:N3} s ({result.Cpu.TotalSeconds:N3} s of processor time), {result.AccessesPerSecond / 1e6:N1} million a second");
        text.WriteLine($"{result.BytesPerPage:N2} bytes a page and mechanism, {result.AllocatedBytes:N0} bytes of garbage, peak RSS {PeakResidentBytes() / 1e6:N0} MB of which {benchmark.Accesses.Length * 4L / 1e6:N0} MB for the sequence");
        text.WriteLine();
        text.WriteLine($"{"mechanism",-30} {"major faults",14} {"minor faults",14} {"reclaimed",14}");
        foreach (var (mechanism, counted) in benchmark.Mechanisms.Zip(result.Counted))
            text.WriteLine($"{mechanism,-30} {counted.MajorFaults,14:N0} {counted.MinorFaults,14:N0} {ReplayResult.Reclaimed(counted),14:N0}");
        return text.ToString();
    }

    /// <summary>VmHWM: the most memory this process ever had resident.</summary>
    private static long PeakResidentBytes()
    {
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        return self.PeakWorkingSet64;
    }
}
