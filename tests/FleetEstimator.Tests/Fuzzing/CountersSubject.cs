using System.Text;
using System.Text.Json;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Fuzzing;

/// <summary>The reader of counters files. What it accepts must be what a general JSON reader finds on each line.</summary>
internal sealed class CountersSubject : FuzzSubject
{
    private static readonly CounterLimits Limits = new() { LineBytesMax = 1 << 16, ValuesMax = 10_000 };

    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(
        """
        {"format":"node-counters","version":1,"node":"n","recorded_at":"2025-01-31T23:59:59Z","recorder":"r 1","kernel_release":"6.13","page_size":4096,"memory_bytes":1073741824,"swap_bytes":0,"settings":{"swappiness":"60","swap.0.device":"zram"}}
        {"time_us":0,"vmstat":{"pswpin":1,"pswpout":2,"swpin_zero":3},"cgroups":{"web":{"swpin_zero":4,"current":4096}}}
        {"time_us":2000000,"vmstat":{"pswpin":10,"pswpout":20,"swpin_zero":30},"cgroups":{"web":{"swpin_zero":40,"current":8192,"max":9007199254740993}}}
        {"time_us":4000000,"vmstat":{}}

        """.ReplaceLineEndings("\n"));

    public override string Name => "the reader of counters files";

    public override long AllocatedBytesMax => 8 << 20;

    public override FuzzInput Next(Random random)
    {
        var bytes = random.Next(4) == 0 ? ByteMutations.Apply((byte[])Sample.Clone(), random) : TextMutations.Apply(Sample, random);
        return new("text changed", bytes, Read, answer =>
        {
            if (answer is not CounterFile file)
                return;
            var lines = Encoding.UTF8.GetString(bytes).Split('\n');
            var samples = lines.Skip(1).Take(file.Samples.Count).ToList();
            Assert.Equal(file.Samples.Count, samples.Count);
            foreach (var (line, sample) in samples.Zip(file.Samples))
            {
                using var json = JsonDocument.Parse(line);
                Assert.Equal(json.RootElement.GetProperty("time_us").GetUInt64(), sample.TimeMicroseconds);
                Assert.Equal(
                    json.RootElement.GetProperty("vmstat").EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetInt64()),
                    sample.Vmstat.ToDictionary());
            }
        });
    }

    private static CounterFile? Read(byte[] bytes)
    {
        try
        {
            return CounterFile.Read(new MemoryStream(bytes), "fuzzed.jsonl", Limits);
        }
        catch (TraceException exception) when (exception.Message.Contains("fuzzed.jsonl", StringComparison.Ordinal))
        {
            return null;
        }
    }
}
