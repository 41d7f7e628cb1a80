using FleetEstimator.Paging;

namespace FleetEstimator.Tests.Paging;

/// <summary>A simulated node with the operations spelt shortly: every process maps pages 0 to 2^20, times advance by a second an operation.</summary>
internal sealed class NodeUnderTest
{
    private const uint MappedPages = 1 << 20;
    private readonly HashSet<uint> _processes = [];

    public NodeUnderTest(NodeSettings settings, params Mechanism[] mechanisms) =>
        Simulator = new Simulator([.. mechanisms.Select(mechanism => new Simulator.Lane(mechanism))], settings);

    public Simulator Simulator { get; }

    public Counters Counters => Simulator.Counters(0);

    public NodeState State => Simulator.State(0);

    public NodeUnderTest Write(uint process, ulong page, uint pages, PageContent content = PageContent.Data) => Apply(OperationKind.Write, process, page, pages, content);

    public NodeUnderTest Read(uint process, ulong page, uint pages) => Apply(OperationKind.Read, process, page, pages);

    public NodeUnderTest PageOut(uint process, ulong page, uint pages) => Apply(OperationKind.PageOut, process, page, pages);

    public NodeUnderTest Discard(uint process, ulong page, uint pages) => Apply(OperationKind.Discard, process, page, pages);

    public NodeUnderTest LazyFree(uint process, ulong page, uint pages) => Apply(OperationKind.LazyFree, process, page, pages);

    public NodeUnderTest Observe(uint process, ulong page, uint pages, PageContent content) => Apply(OperationKind.Observe, process, page, pages, content);

    public NodeUnderTest Lock(uint process, ulong page, uint pages) => Apply(OperationKind.Lock, process, page, pages);

    public NodeUnderTest Pin(uint process, ulong page, uint pages) => Apply(OperationKind.Pin, process, page, pages);

    public NodeUnderTest Unpin(uint process, ulong page, uint pages) => Apply(OperationKind.Unpin, process, page, pages, needsMap: false);

    public NodeUnderTest Fork(uint process, uint child)
    {
        _processes.Add(child);
        return Apply(OperationKind.Fork, process, child, 1);
    }

    public NodeUnderTest Exit(uint process) => Apply(OperationKind.Exit, process, 0, 1);

    public NodeUnderTest Unmap(uint process, ulong page, uint pages) => Apply(OperationKind.Unmap, process, page, pages);

    public NodeUnderTest Reclaim(uint pages) => Apply(OperationKind.Reclaim, 0, 0, pages, needsMap: false);

    public NodeUnderTest Limit(uint pages) => Apply(OperationKind.Limit, 0, 0, pages, needsMap: false);

    public NodeUnderTest Pass(long microseconds)
    {
        Simulator.AdvanceTo(Simulator.TimeMicroseconds + microseconds);
        Simulator.Audit();
        return this;
    }

    /// <summary>Page table of a run, one letter a page, as kernel truth writes it.</summary>
    public string Pages(uint process, ulong page, int pages, int lane = 0) => Simulator.PageTable(lane, process, page, pages);

    /// <summary>Resident pages of a process's first <paramref name="pages"/> pages.</summary>
    public int Resident(uint process, int pages) => Pages(process, 0, pages).Count(letter => letter is 'P' or 'C' or 'H' or 'G');

    private NodeUnderTest Apply(OperationKind kind, uint process, ulong page, uint pages, PageContent content = PageContent.Unknown, bool needsMap = true)
    {
        if (needsMap && _processes.Add(process))
            Simulator.Apply(new Operation(OperationKind.Map, process, 0, MappedPages));
        Simulator.Apply(new Operation(kind, process, page, pages, content));
        Simulator.Audit();
        return this;
    }
}
