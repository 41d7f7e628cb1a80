using System.Text.Json;
using CsCheck;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;
using Xunit;

namespace FleetEstimator.Tests.Estimation;

/// <summary>What must hold for every fleet.</summary>
public sealed class EstimationProperties
{
    private const int Mechanisms = 3;

    private static readonly Gen<Counters> AnyCounters =
        from pages in Gen.Int[0, 1000].Array[8]
        select new Counters
        {
            MinorFaults = pages[0],
            MajorFaults = pages[1],
            SwapIns = pages[2],
            SwapOuts = pages[3],
            ZeroSwapIns = pages[4],
            ZeroSwapOuts = pages[5],
            ZeroPagesMappedAtSwapIn = pages[6],
            ZeroPagesMappedAtSwapOut = pages[7],
            ZeroFilledSwapOuts = pages[5] + pages[7],
            ZeroFilledSwapIns = pages[4] + pages[6],
        };

    private static readonly Gen<LaneResult> AnyLane =
        from counters in AnyCounters
        from bytes in Gen.Long[0, 1L << 40]
        from zeros in Gen.Int[0, 100]
        select new LaneResult
        {
            Mechanism = 0,
            Accesses = AccessAssumption.AllReads,
            Counters = counters,
            RssMeanBytes = bytes,
            RssPeakBytes = bytes + 4096,
            MemoryMeanBytes = bytes + 1,
            ZeroFilledResidentMeanBytes = bytes / 100 * zeros,
            CpuNanoseconds = counters.MinorFaults * 700L,
        };

    private static readonly Gen<StudyDefinition> AnyStudy = Gen.Int[1, 100_000].Array[1, 3].Select(nodes => Fleets.Study(Mechanisms, nodes));

    /// <summary>A study and simulated nodes of it: 3 to 6 recordings, some shared by classes, some with unknown accesses.</summary>
    private static readonly Gen<(StudyDefinition Study, NodeResult[] Nodes)> AnyFleet =
        from study in AnyStudy
        from recordings in Gen.Int[3, 6]
        from shared in Gen.Bool
        from nodes in AnyNode(study, recordings, shared).Array[0, 60]
        select (study, nodes.Select((node, number) => node with { Node = number }).ToArray());

    [Fact]
    public void IsTheSame_InWhateverOrderNodesComeIn() =>
        (from fleet in AnyFleet from shuffled in Gen.Shuffle(fleet.Nodes) select (fleet.Study, fleet.Nodes, shuffled))
            .Sample(fleet => Text(Fleets.Finish(fleet.Study, fleet.Nodes)) == Text(Fleets.Finish(fleet.Study, fleet.shuffled)), iter: 100);

    [Fact]
    public void IsTheSame_HoweverNodesAreSpreadOverShards() =>
        (from fleet in AnyFleet from shards in Gen.Int[0, 3].Array[fleet.Nodes.Length] select (fleet.Study, fleet.Nodes, shards))
            .Sample(fleet =>
            {
                var accumulators = Enumerable.Range(0, 4).Select(_ => new FleetAccumulator(fleet.Study)).ToArray();
                for (var node = 0; node < fleet.Nodes.Length; node++)
                    accumulators[fleet.shards[node]].Add(fleet.Nodes[node]);
                foreach (var shard in accumulators.Skip(1).Reverse())
                    accumulators[0].Merge(shard);
                return accumulators[0].Nodes == fleet.Nodes.Length && Text(accumulators[0].Finish(fleet.Study)) == Text(Fleets.Finish(fleet.Study, fleet.Nodes));
            }, iter: 100);

    [Fact]
    public void ScalesWithNodesInTheFleet() =>
        AnyFleet.Sample(fleet =>
        {
            var larger = fleet.Study with { Classes = [.. fleet.Study.Classes.Select(@class => @class with { Nodes = 8 * @class.Nodes })] };
            return Fleets.Finish(fleet.Study, fleet.Nodes).Estimates.Zip(Fleets.Finish(larger, fleet.Nodes).Estimates).All(pair =>
            {
                // 8 is a power of two, so scaling is exact but for the reciprocals in shares.
                var factor = Metric.Find(pair.First.Metric)!.IsShare ? 1 : 8;
                return Near(factor * pair.First.Value, pair.Second.Value) && Near(factor * pair.First.Low, pair.Second.Low) && Near(factor * pair.First.High, pair.Second.High)
                    && Near(pair.First.Relative?.High, pair.Second.Relative?.High);
            });
        }, iter: 100);

    [Fact]
    public void ChangesNoTotalAndNoInterval_WhenAClassIsSplit() =>
        AnyFleet.Sample(fleet =>
        {
            // The new class takes part of the nodes of the first one, and the same recordings do the same in both.
            var first = fleet.Study.Classes[0];
            var split = fleet.Study with { Classes = [first with { Nodes = 3 * first.Nodes }, .. fleet.Study.Classes.Skip(1), first with { Name = "split", Nodes = 5 * first.Nodes }] };
            var whole = fleet.Study with { Classes = [first with { Nodes = 8 * first.Nodes }, .. fleet.Study.Classes.Skip(1)] };
            var twice = fleet.Nodes.Concat(fleet.Nodes.Where(node => node.Class == 0).Select(node => node with { Class = fleet.Study.Classes.Count }));
            return Fleet(Fleets.Finish(whole, fleet.Nodes)).Zip(Fleet(Fleets.Finish(split, twice))).All(pair =>
                Near(pair.First.Value, pair.Second.Value) && Near(pair.First.Low, pair.Second.Low) && Near(pair.First.High, pair.Second.High));

            static IEnumerable<Estimate> Fleet(FleetEstimates estimates) => estimates.Estimates.Where(estimate => estimate.Scope == EstimateScope.Fleet);
        }, iter: 100);

    [Fact]
    public void IsExactlyNothing_WhenMechanismsDoTheSame() =>
        AnyFleet.Sample(fleet =>
        {
            var alike = fleet.Nodes.Select(node => node with { Lanes = [.. node.Lanes.Select(lane => node.Lanes[lane.Accesses == AccessAssumption.AllReads ? 0 : Mechanisms] with { Mechanism = lane.Mechanism })] });
            return Fleets.Finish(fleet.Study, alike).Estimates.Where(estimate => estimate.Against is not null).All(estimate =>
                estimate is { Value: 0 or null, Low: 0 or null, High: 0 or null } && estimate.Relative is null or { Value: 0 or null, Low: 0 or null, High: 0 or null });
        }, iter: 100);

    [Fact]
    public void HasTheSameFiguresButOtherIntervals_WhenRecordingsAreNotShared() =>
        AnyFleet.Where(fleet => fleet.Study.Classes.Count > 1).Sample(fleet =>
        {
            var separate = fleet.Nodes.Select(node => node with { Recording = node.Recording + 100 * node.Class });
            return Fleets.Finish(fleet.Study, fleet.Nodes).Estimates.Zip(Fleets.Finish(fleet.Study, separate).Estimates).All(pair =>
                pair.First.Value == pair.Second.Value
                && (pair.First.Scope == EstimateScope.Fleet || (pair.First.Low, pair.First.High) == (pair.Second.Low, pair.Second.High)));
        }, iter: 100);

    [Fact]
    public void LiesWithinItsInterval_AndTheIntervalWithinWhatIsPossible() =>
        AnyFleet.Sample(
            fleet => Fleets.Finish(fleet.Study, fleet.Nodes).Estimates.All(estimate =>
                estimate.Low is null
                    ? estimate.High is null && estimate.Reason is not null
                    : estimate.Low <= estimate.Value && estimate.Value <= estimate.High && estimate.Reason is null
                        && (estimate.Against is not null || estimate.Low >= 0) && (!Metric.Find(estimate.Metric)!.IsShare || estimate.High <= 1)),
            iter: 100);

    private static Gen<NodeResult> AnyNode(StudyDefinition study, int recordings, bool shared) =>
        from @class in Gen.Int[0, study.Classes.Count - 1]
        from recording in Gen.Int[0, recordings - 1]
        from lanes in AnyLane.Array[2 * Mechanisms]
        from seconds in Gen.Int[1, 100]
        let node = Fleets.Node(@class, 0, shared ? recording : recording + (@class * recordings), lanes[..Mechanisms]) with { MeasuredMicroseconds = seconds * 1_000_000L }
        select recording % 2 == 0 ? node : node.WithAllWrites(lanes[Mechanisms..]);

    private static string Text(FleetEstimates estimates) => JsonSerializer.Serialize(estimates, Fleets.SnakeCase);

    private static bool Near(double? expected, double? actual) =>
        expected is null ? actual is null : actual is not null && Math.Abs(expected.Value - actual.Value) <= 1e-9 * Math.Max(1e-6, Math.Abs(expected.Value));
}
