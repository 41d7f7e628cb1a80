using FleetEstimator.Paging;

namespace FleetEstimator.Benchmarks;

/// <summary>What the benchmarks replay on: one process with one mapping, on zram.</summary>
internal static class Nodes
{
    public const uint Process = 1;

    public static readonly Mechanism[] ThreeMechanisms = [Mechanism.Linux612, Mechanism.ZeroPfnSwapIn, Mechanism.ZeroAtSwapOut];

    /// <summary>A node whose process maps <paramref name="pages"/> pages and has touched none, with one lane per mechanism.</summary>
    public static Simulator Mapped(int pages, params IEnumerable<Mechanism> mechanisms)
    {
        var simulator = new Simulator([.. mechanisms.Select(mechanism => new Simulator.Lane(mechanism))],
            new NodeSettings { SwapDevice = SwapDevice.Zram, SwapPages = pages, ExpectedPages = pages });
        simulator.Apply(new Operation(OperationKind.Map, Process, 0, (uint)pages));
        return simulator;
    }

    /// <summary>The same after every page was written with data.</summary>
    public static Simulator Written(int pages, params IEnumerable<Mechanism> mechanisms)
    {
        var simulator = Mapped(pages, mechanisms);
        simulator.Apply(On(OperationKind.Write, pages, PageContent.Data));
        return simulator;
    }

    /// <summary>An operation on all pages.</summary>
    public static Operation On(OperationKind kind, int pages, PageContent content = PageContent.Unknown) => new(kind, Process, 0, (uint)pages, content);
}
