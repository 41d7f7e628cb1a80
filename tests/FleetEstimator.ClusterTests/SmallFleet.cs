using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.ClusterTests;

/// <summary>A study over four small made-up recordings in a folder of its own, large enough for several shards.</summary>
internal sealed class SmallFleet : IDisposable
{
    private const int Recordings = 4;
    private const uint Pages = 600;

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-").FullName;

    /// <summary>Makes the recordings.</summary>
    /// <param name="rows">Rows of each: the more, the longer a node takes.</param>
    public SmallFleet(int rows = 200)
    {
        for (var number = 0; number < Recordings; number++)
            WriteRecording(number, rows);
    }

    /// <summary>The study's plan.</summary>
    public StudyPlan Plan(int nodes = 700, string more = "", int seed = 11) => StudyPlan.Make(StudyReader.Read(Text(nodes, more, seed), "small-fleet.yaml"), _folder);

    /// <summary>The study as a file beside its recordings.</summary>
    public string WriteStudy(int nodes = 700, string more = "", int seed = 11)
    {
        var path = Path.Combine(_folder, $"small-fleet-{nodes}-{seed}.yaml");
        File.WriteAllText(path, Text(nodes, more, seed));
        return path;
    }

    /// <summary>A place within the fleet's folder that is taken by nothing.</summary>
    public string PathFor(string name) => Path.Combine(_folder, name);

    /// <summary>Where a silo can keep its state.</summary>
    public string StateFile => Path.Combine(_folder, "state", "study.db");

    /// <summary>Takes a recording away, as if it had never reached this machine.</summary>
    public void Remove(int number) => File.Delete(PathOf(number));

    /// <summary>Takes a recording away until the result is disposed of.</summary>
    public IDisposable Hide(int number) => new HiddenFile(PathOf(number));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Text(int nodes, string more, int seed) =>
        $$"""
        study: small-fleet
        seed: {{seed}}
        mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin, linux-6.12+zero-at-swapout]
        {{more}}
        classes:
          - name: web
            nodes: {{nodes / 2}}
            memory: 8 MiB
            recordings: [node-*.arrow]
            limit: {of_peak: 60%}
            swap: {device: zram, size: 64 MiB}
          - name: batch
            nodes: {{nodes - nodes / 2}}
            memory: 4 MiB
            recordings: [node-0.arrow, node-1.arrow, node-2.arrow]
            instances: 2
            limit: 3 MiB
            swap: {device: zram, size: 64 MiB, page_cluster: 3}
        """;

    private string PathOf(int number) => Path.Combine(_folder, $"node-{number}.arrow");

    private void WriteRecording(int number, int rows)
    {
        var random = new Random(number);
        using var writer = TraceWriter.Create(PathOf(number), new TraceHeader
        {
            RecordedAt = DateTimeOffset.UnixEpoch,
            Recorder = "test",
            KernelRelease = "test",
            Node = $"node-{number}",
            MemoryBytes = 1L << 30,
            SwapBytes = 1L << 30,
            AccessSource = "exact",

            // The last is a sample of its node's pages, so that some nodes are replayed with halves of it as well.
            SamplingFraction = number == Recordings - 1 ? 0.75 : 1,
        });
        writer.Append(new TraceRow(0, new Operation(OperationKind.Map, 1, 100, Pages)));
        for (var row = 1UL; row <= (ulong)rows; row++)
        {
            var (page, length) = ((uint)random.Next((int)Pages), (uint)random.Next(1, 40));
            var kind = (OperationKind[])[OperationKind.Read, OperationKind.Write, OperationKind.Write, OperationKind.Access, OperationKind.Discard];
            var operation = new Operation(kind[random.Next(kind.Length)], 1, 100 + page, Math.Min(length, Pages - page));
            writer.Append(new TraceRow(row * 10_000, operation.Kind == OperationKind.Write ? operation with { Content = random.Next(3) == 0 ? PageContent.Zero : PageContent.Data } : operation));
        }

        writer.Complete();
    }

    private sealed class HiddenFile : IDisposable
    {
        private readonly string _path;

        public HiddenFile(string path)
        {
            _path = path;
            File.Move(path, path + ".hidden");
        }

        public void Dispose()
        {
            if (File.Exists(_path + ".hidden"))
                File.Move(_path + ".hidden", _path);
        }
    }
}
