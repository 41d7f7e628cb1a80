using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Tests.Reports;

/// <summary>A study with simulated nodes that are made up but hang together as a simulator's do.</summary>
internal sealed record SampleStudy
{
    private const long Gibi = 1L << 30;
    private const long MeasuredMicroseconds = 3_600_000_000;

    private SampleStudy(StudyDefinition study, IReadOnlyList<RecordingSummary> recordings, IReadOnlyList<NodeResult> nodes) =>
        (Study, Recordings, Nodes) = (study, recordings, nodes);

    public StudyDefinition Study { get; }

    public IReadOnlyList<RecordingSummary> Recordings { get; }

    public IReadOnlyList<NodeResult> Nodes { get; }

    /// <summary>A recording that was backtested and one that was not.</summary>
    public static IReadOnlyList<RecordingBacktest> Backtests { get; } =
    [
        new()
        {
            Node = "node-a",
            Digest = "a",
            KernelRelease = "6.12.1",
            Mechanism = "linux-6.12",
            Settings = "linux-6.12, zram, page_cluster 0, classic LRU",
            Source = "vmstat",
            ToMicroseconds = 2_000_000,
            Runs =
            [
                new()
                {
                    Mode = BacktestMode.Driven,
                    DrivenBy = "the swap-outs in the recording",
                    Totals = [new() { Counter = BacktestCounter.SwappedIn, Counted = 1000, ModelledLow = 850, ModelledHigh = 900, PageSamplingError = 0.5 }],
                    Windows = [new(0, 2_000_000, [new() { Counter = BacktestCounter.SwappedIn, Counted = 1000, ModelledLow = 850, ModelledHigh = 900 }])],
                },
            ],
            Caveats = ["The kernel's figures are of the whole node."],
        },
        new() { Node = "node-b", Digest = "b", Reason = RecordingBacktest.NoCounters },
    ];

    /// <summary>Four classes that share eight recordings, three mechanisms; the last two recordings do not tell loads from stores.</summary>
    public static SampleStudy Realistic() => Make(new Shape());

    /// <summary>What the study comes to.</summary>
    public StudyResult Estimate(params IReadOnlyList<FailedNode> failedNodes)
    {
        var accumulator = new FleetAccumulator(Study);
        foreach (var node in Nodes)
            accumulator.Add(node);
        return StudyConclusion.Conclude(Study, Recordings, accumulator, failedNodes, [], SelectionWeights.Equal) with { Backtest = Backtests };
    }

    /// <summary>The result of the same study, sampled to a precision, right-sized, and swept over a limit under which every node needs a tenth less.</summary>
    public StudyResult EstimateWhatIf()
    {
        var study = Study with { Simulation = new SimulationTarget { HalfWidth = 0.01 }, RightSize = new RightSizeBound { MajorFaultsPerSecond = 20 } };
        study = study with { Sweep = [new SweepPoint("web.limit", "none", "{of_peak: 70%}", study with { Claims = [] })] };
        var (nodes, changed) = (new FleetAccumulator(study), new FleetAccumulator(study));
        foreach (var node in Nodes)
        {
            var sized = node with { Lanes = [.. node.Lanes.Select(lane => lane with { SmallestLimitBytes = lane.MemoryMeanBytes / 2 })] };
            nodes.Add(sized);
            changed.Add(sized with { Lanes = [.. sized.Lanes.Select(lane => lane with { MemoryMeanBytes = lane.MemoryMeanBytes / 10 * 9 })] });
        }

        return StudyConclusion.Conclude(study, Recordings, nodes, [], [(changed, ["too small", "too small"])], SelectionWeights.Equal) with { Backtest = Backtests };
    }

    /// <summary>The same without a simulated node of one class.</summary>
    public SampleStudy Without(int @class) => new(Study, Recordings, [.. Nodes.Where(node => node.Class != @class)]);

    public static SampleStudy Make(Shape shape)
    {
        var random = new Random(shape.Seed);
        var recordings = RecordingsOf(shape);
        var study = new StudyDefinition
        {
            Name = shape.Name,
            Seed = 7,
            Mechanisms = shape.Mechanisms,
            Baseline = shape.Mechanisms[0],
            Classes = [.. shape.Classes.Select((name, index) => new NodeClass
            {
                Name = name,
                Nodes = shape.NodesOfFirstClass / (index + 1),
                MemoryBytes = 64 * Gibi,
                UnmodelledBytes = 12 * Gibi,
                Recordings = [new($"traces/{name}-*.arrow")],
                Limit = new MemoryLimit { OfPeak = 0.7 },
                Swap = new SwapDefinition { Device = SwapDevice.Zram, SizeBytes = 16 * Gibi },
            })],
            Claims = Claims(shape),
        };
        List<NodeResult> nodes = [];
        for (var @class = 0; @class < shape.Classes.Count; @class++)
        {
            for (var node = 0; node < shape.SimulatedPerClass; node++)
                nodes.Add(Node(shape, recordings, @class, node, random));
        }

        return new SampleStudy(study, recordings, nodes);
    }

    private static Claim[] Claims(Shape shape)
    {
        var candidate = shape.Mechanisms[^1];
        return shape.Mechanisms.Count == 1 ? [] :
        [
            new() { Metric = "zero_filled_share/swapped_out_pages", Is = "> 10%", Scope = "fleet", Mechanism = shape.Mechanisms[0], Comparison = Comparison.Above, Threshold = 0.1 },
            new()
            {
                Metric = "memory_mean", Is = "saved > 2%", Scope = EstimateScope.OfClass(shape.Classes[0]), Mechanism = candidate,
                Subject = ClaimSubject.SavedShare, Comparison = Comparison.Above, Threshold = 0.02,
            },
            new()
            {
                Metric = "major_faults", Is = "saved > 50%", Scope = "fleet", Mechanism = candidate,
                Subject = ClaimSubject.SavedShare, Comparison = Comparison.Above, Threshold = 0.5,
            },
        ];
    }

    private static RecordingSummary[] RecordingsOf(Shape shape) =>
    [
        .. Enumerable.Range(0, shape.Recordings).Select(index =>
        {
            var unknown = shape.UnknownAccesses && index >= shape.Recordings - 2;
            return new RecordingSummary
            {
                Node = $"{shape.RecordingLabel}{index:00}",
                Digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([(byte)index])),
                KernelRelease = unknown ? "5.15.0-105-generic" : "6.12.9-cloud-amd64",
                AccessSource = unknown ? "idle-page" : "exact",
                HasUnknownAccesses = unknown,
                DurationMicroseconds = 7_200_000_000 + (index * 61_000_000),
                PeakResidentBytes = 30 * Gibi + (index * Gibi),
                Rows = 12_000_000 + index,
                Classes = [.. shape.Classes.Where((_, @class) => shape.RecordingsOf(@class).Contains(index))],
            };
        }),
    ];

    private static NodeResult Node(Shape shape, RecordingSummary[] recordings, int @class, int node, Random random)
    {
        var recording = shape.RecordingsOf(@class).ElementAt(node % shape.RecordingsPerClass);
        // A recording's own character, and around it what differs between nodes that replay it.
        var character = new Random(shape.Seed + (1000 * recording));
        var resident = (long)(Gibi * (24 + (12 * character.NextDouble()) + random.NextDouble()) * shape.Scale);
        var swapped = (long)(900_000 * (1 + character.NextDouble() + (0.2 * random.NextDouble())));
        var zeros = (long)(swapped * (0.08 + (0.12 * character.NextDouble())));
        var residentZeros = (long)(resident * (0.03 + (0.04 * character.NextDouble())));
        var readShare = 0.3 + (0.5 * character.NextDouble());
        List<LaneResult> lanes = [];
        AccessAssumption[] assumptions = recordings[recording].HasUnknownAccesses ? [AccessAssumption.AllReads, AccessAssumption.AllWrites] : [AccessAssumption.AllReads];
        foreach (var accesses in assumptions)
        {
            for (var mechanism = 0; mechanism < shape.Mechanisms.Count; mechanism++)
            {
                var reads = recordings[recording].HasUnknownAccesses ? (accesses == AccessAssumption.AllReads ? 1 : 0) : readShare;
                lanes.Add(Lane(mechanism, accesses, mechanism == 0 || shape.SavesNothing ? 0 : (long)(zeros * reads * mechanism * 0.6), resident, residentZeros, swapped, zeros));
            }
        }

        return new NodeResult(@class, node, recording, 3, MeasuredMicroseconds, node % 5 == 4 ? 0 : resident, lanes);
    }

    private static LaneResult Lane(int mechanism, AccessAssumption accesses, long spared, long resident, long residentZeros, long swapped, long zeros) => new()
    {
        Mechanism = mechanism,
        Accesses = accesses,
        RssMeanBytes = resident - (spared * 4096 * 3),
        RssPeakBytes = resident + Gibi - (spared * 4096),
        MemoryMeanBytes = resident + (2 * Gibi) - (spared * 4096 * 3),
        MemoryPeakBytes = resident + (3 * Gibi) - (spared * 4096),
        ZeroFilledResidentMeanBytes = residentZeros - (spared * 4096),
        SwapSlotsMeanPages = swapped / 2,
        SwapHiddenMeanPages = spared,
        CpuNanoseconds = (swapped * 4000L) + (spared * 900),
        FaultNanoseconds = (swapped * 2000L) + (spared * 900),
        Counters = new Counters
        {
            MinorFaults = swapped + (2 * spared),
            MajorFaults = swapped - spared,
            SwapIns = (swapped - zeros) - (spared / 4),
            SwapOuts = swapped - zeros - (spared / 3),
            ZeroSwapIns = zeros - spared,
            ZeroSwapOuts = zeros,
            ZeroPagesMappedAtSwapIn = spared,
            ZeroFilledSwapOuts = zeros,
            ZeroFilledSwapIns = zeros,
            ReadAheads = swapped / 10,
            ReadAheadHits = swapped / 20,
        },
    };

    /// <summary>What a made-up study looks like.</summary>
    internal sealed record Shape
    {
        public string Name { get; init; } = "zero-pfn-rollout";

        public int Seed { get; init; } = 1;

        public IReadOnlyList<string> Mechanisms { get; init; } = ["linux-6.12", "linux-6.12+zero-pfn-swapin", "linux-6.12+zero-at-swapout"];

        public IReadOnlyList<string> Classes { get; init; } = ["web", "cache", "batch", "build"];

        public int Recordings { get; init; } = 8;

        public int RecordingsPerClass { get; init; } = 4;

        public int SimulatedPerClass { get; init; } = 20;

        public int NodesOfFirstClass { get; init; } = 40_000;

        public bool UnknownAccesses { get; init; } = true;

        public bool SavesNothing { get; init; }

        public double Scale { get; init; } = 1;

        public string RecordingLabel { get; init; } = "node-";

        /// <summary>Neighbouring classes have recordings in common.</summary>
        public IEnumerable<int> RecordingsOf(int @class) =>
            Enumerable.Range(@class * Recordings / Classes.Count, RecordingsPerClass).Select(index => index % Recordings).Order();
    }
}
