using System.Text;
using CsCheck;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces.Counters;

public sealed class CounterFileTests : IDisposable
{
    private const string Header =
        """{"format":"node-counters","version":1,"node":"n1","recorded_at":"2026-01-31T23:59:59.5+01:00","recorder":"r 1","kernel_release":"6.18.0","page_size":4096,"memory_bytes":8192,"swap_bytes":0,"settings":{"swappiness":"60"}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void StandsBesideItsTrace() => Assert.Equal("a/b.counters.jsonl", CounterFile.PathBeside("a/b.arrow"));

    [Fact]
    public void WhatWasWrittenIsRead()
    {
        var header = HeaderOf("n1") with { Settings = new Dictionary<string, string> { ["swap.0.device"] = "zram", ["page_cluster"] = "3" } };
        CounterSample[] samples =
        [
            new() { TimeMicroseconds = 0, Vmstat = new Dictionary<string, long> { ["pswpin"] = 7, ["pgfault"] = long.MaxValue } },
            new()
            {
                TimeMicroseconds = 2_000_000,
                Vmstat = new Dictionary<string, long>(),
                Cgroups = new Dictionary<string, IReadOnlyDictionary<string, long>> { ["web.service"] = new Dictionary<string, long> { ["swpin_zero"] = 1 } },
            },
        ];
        using (var writer = CounterFileWriter.Create(_folder["a.counters.jsonl"], header))
        {
            foreach (var sample in samples)
                writer.Append(sample);
            Assert.False(File.Exists(_folder["a.counters.jsonl"]));
            writer.Complete();
        }

        var file = CounterFile.Load(_folder["a.counters.jsonl"]);

        Assert.False(file.IsCutShort);
        Assert.Equal(header with { Settings = file.Header.Settings }, file.Header);
        Assert.Equal(header.Settings, file.Header.Settings);
        Assert.Equal([0UL, 2_000_000UL], file.Samples.Select(sample => sample.TimeMicroseconds));
        Assert.Equal(samples[0].Vmstat, file.Samples[0].Vmstat);
        Assert.Equal(1, file.Samples[1].Cgroups!["web.service"]["swpin_zero"]);
        Assert.DoesNotContain("cgroups", File.ReadAllLines(_folder["a.counters.jsonl"])[1], StringComparison.Ordinal);
        Assert.Equal([_folder["a.counters.jsonl"]], Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void IsWhatWasAgreed()
    {
        var file = Read(Header + "\n" + """
            {"time_us":0,"vmstat":{"pswpin":1}}
            {"time_us":0,"vmstat":{"pswpin":1},"cgroups":{"a/b":{"swpin_zero":1,"max":4096}},"later":[1]}

            """);

        Assert.Equal(("n1", 4096, 8192L, 0L), (file.Header.Node, file.Header.PageSize, file.Header.MemoryBytes, file.Header.SwapBytes));
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 23, 59, 59, 500, TimeSpan.FromHours(1)), file.Header.RecordedAt);
        Assert.Equal("60", file.Header.Settings["swappiness"]);
        Assert.Null(file.Samples[0].Cgroups);
        Assert.Equal(4096, file.Samples[1].Cgroups!["a/b"]["max"]);
    }

    [Fact]
    public void IsCompleteUpToALineThatWasCutShort()
    {
        var text = Header + "\n" + """{"time_us":1,"vmstat":{"pswpin":1}}""" + "\n" + """{"time_us":2,"vmstat":{"pswpin":3}}""";
        var secondSample = text.LastIndexOf('\n') + 1;

        for (var length = secondSample + 1; length < text.Length; length++)
        {
            var file = Read(text[..length]);
            Assert.True(file.IsCutShort);
            Assert.Equal(1, file.Samples.Single().Vmstat["pswpin"]);
        }

        Assert.False(Read(text[..secondSample]).IsCutShort);
        Assert.Equal(2, Read(text).Samples.Count);
    }

    [Theory]
    [InlineData("", null, "no header")]
    [InlineData("{\"format\":\"node-coun", null, "no header")]
    [InlineData("{}\n", null, "missing required")]
    [InlineData("null\n", null, "null")]
    [InlineData("ARROW1\n", null, "not as expected")]
    public void AFileWithoutAHeaderIsRefused(string text, string? field, string problem) => Refuses(text, 1, field, problem);

    [Theory]
    [InlineData("\"node-counters\"", "\"other\"", "format", "not \"node-counters\"")]
    [InlineData("\"version\":1", "\"version\":2", "version", "is 2, not 1")]
    [InlineData("\"version\":1", "\"version\":\"1\"", "version", "not as expected")]
    [InlineData("4096", "0", "page_size", "no page size")]
    [InlineData("8192", "-1", "memory_bytes", "less than none")]
    [InlineData("\"60\"", "null", "settings.swappiness", "null")]
    [InlineData("\"n1\"", "null", "node", "not as expected")]
    [InlineData("2026-01-31", "2026-02-31", "recorded_at", "not as expected")]
    public void AWrongHeaderIsRefused(string part, string wrong, string field, string problem) =>
        Refuses(Header.Replace(part, wrong, StringComparison.Ordinal) + "\n", 1, field, problem);

    [Theory]
    [InlineData("", null, "not as expected")]
    [InlineData("{", null, "not as expected")]
    [InlineData("[]", null, "not as expected")]
    [InlineData("{\"time_us\":1}", null, "missing required")]
    [InlineData("{\"vmstat\":{}}", null, "missing required")]
    [InlineData("{\"time_us\":-1,\"vmstat\":{}}", "time_us", "not as expected")]
    [InlineData("{\"time_us\":0,\"vmstat\":{}}", "time_us", "0 follows 5")]
    [InlineData("{\"time_us\":5,\"vmstat\":{\"pswpin\":-1}}", "vmstat.pswpin", "negative")]
    [InlineData("{\"time_us\":5,\"vmstat\":{\"pswpin\":1.5}}", "vmstat.pswpin", "not as expected")]
    [InlineData("{\"time_us\":5,\"vmstat\":{\"pswpin\":99999999999999999999}}", "vmstat.pswpin", "not as expected")]
    [InlineData("{\"time_us\":5,\"vmstat\":{\"pswpin\":1,\"pswpin\":2}}", "vmstat.pswpin", "uplicate")]
    [InlineData("{\"time_us\":5,\"vmstat\":null}", "vmstat", "null")]
    [InlineData("{\"time_us\":5,\"vmstat\":{},\"cgroups\":{\"a\":null}}", "cgroups.a", "null")]
    [InlineData("{\"time_us\":5,\"vmstat\":{},\"cgroups\":{\"a\":{\"b\":{}}}}", "cgroups.a.b", "not as expected")]
    public void AWrongSampleIsRefused(string sample, string? field, string problem) =>
        Refuses(Header + "\n{\"time_us\":5,\"vmstat\":{}}\n" + sample + "\n", 3, field, problem);

    [Fact]
    public void LimitsAreKept()
    {
        var lines = string.Concat(Enumerable.Range(0, 20).Select(time => $"{{\"time_us\":{time},\"vmstat\":{{\"a\":1,\"b\":2}}}}\n"));
        Refuses(Header + "\n" + new string(' ', 2000), 2, null, "longer than the limit of 1000 bytes", new CounterLimits { LineBytesMax = 1000 });
        Refuses(Header + "\n" + lines, 12, null, "more than 100 values", new CounterLimits { ValuesMax = 100 });
        Assert.Equal(20, Read(Header + "\n" + lines, new CounterLimits { ValuesMax = 200 }).Samples.Count);
    }

    [Fact]
    public void AMissingFileIsRefused() =>
        Assert.Contains("cannot be read", Assert.Throws<TraceException>(() => CounterFile.Load(_folder["missing.jsonl"])).Message, StringComparison.Ordinal);

    [Fact]
    public void DamageIsOneErrorOrReadable() =>
        (from position in Gen.Int[0, 299] from value in Gen.Byte from length in Gen.Int[1, 300] select (position, value, length)).Sample(damage =>
        {
            var bytes = Encoding.UTF8.GetBytes(Header + "\n{\"time_us\":5,\"vmstat\":{\"a\":1}}\n{\"time_us\":6,\"vmstat\":{},\"cgroups\":{\"x\":{\"y\":1}}}\n");
            bytes[damage.position % bytes.Length] = damage.value;
            try
            {
                _ = CounterFile.Read(new MemoryStream(bytes, 0, Math.Min(damage.length, bytes.Length)), "x", CounterLimits.Default);
            }
            catch (TraceException exception)
            {
                Assert.InRange(exception.Line!.Value, 1, 4);
            }
        });

    [Fact]
    public void AWriterThatIsNotCompletedLeavesNothing()
    {
        using (var writer = CounterFileWriter.Create(_folder["a.counters.jsonl"], HeaderOf("n")))
            writer.Append(new CounterSample { TimeMicroseconds = 3, Vmstat = new Dictionary<string, long>() });
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void SamplesOutOfOrderAreNotWritten()
    {
        using var writer = CounterFileWriter.Create(_folder["a.counters.jsonl"], HeaderOf("n"));
        writer.Append(new CounterSample { TimeMicroseconds = 3, Vmstat = new Dictionary<string, long>() });
        _ = Assert.Throws<ArgumentException>(() => writer.Append(new CounterSample { TimeMicroseconds = 2, Vmstat = new Dictionary<string, long>() }));
        Assert.Single(CounterFile.Load(_folder["a.counters.jsonl.partial"]).Samples);
    }

    private static CounterHeader HeaderOf(string node) => new()
    {
        Node = node,
        RecordedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Recorder = "test 1",
        KernelRelease = "6.18.0",
        PageSize = 4096,
        MemoryBytes = 1L << 30,
        SwapBytes = 1L << 29,
        Settings = new Dictionary<string, string>(),
    };

    private static CounterFile Read(string text, CounterLimits? limits = null) =>
        CounterFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "a.counters.jsonl", limits ?? CounterLimits.Default);

    private static void Refuses(string text, long line, string? field, string problem, CounterLimits? limits = null)
    {
        var exception = Assert.Throws<TraceException>(() => Read(text, limits));
        Assert.Equal((line, field), (exception.Line, exception.Field));
        Assert.Contains(problem, exception.Problem, StringComparison.Ordinal);
        Assert.Contains($"a.counters.jsonl, line {line}", exception.Message, StringComparison.Ordinal);
    }
}
