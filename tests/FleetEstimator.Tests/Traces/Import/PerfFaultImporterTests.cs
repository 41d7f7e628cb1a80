using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

public sealed class PerfFaultImporterTests
{
    // The program of known.c: pages 8 to 11 of its memory read, 12 to 31 written.
    private const ulong KnownMemory = 0x10000;

    [Fact]
    public void ReadsFirstTouches_OfAProcessWhoseMemoryIsKnown()
    {
        var imported = Imported.Fixture("perf-faults", "faults.txt.gz");
        Assert.Equal(Capability.AccessOnly, imported.Header.Capability);
        var known = imported.Rows.Where(row => row.Operation.Page >= KnownMemory && row.Operation.Page < KnownMemory + 32 && row.Operation.Kind != OperationKind.Map).ToList();
        // It ran twice, in processes of its own; what the shell that forked them had done came before.
        foreach (var process in known.GroupBy(row => row.Operation.Process))
        {
            Assert.Equal(Enumerable.Range(8, 4), process.Where(row => row.Operation.Kind == OperationKind.Read).SelectMany(PagesOfKnown));
            Assert.Equal(Enumerable.Range(12, 20), process.Where(row => row.Operation.Kind == OperationKind.Write).SelectMany(PagesOfKnown));
        }

        Assert.Equal(2, known.Select(row => row.Operation.Process).Distinct().Count());
        Assert.Equal(2, imported.Rows.Count(row => row.Operation.Kind == OperationKind.Fork));
        Assert.True(imported.Summary.LeftOut["faults in file mappings"] > 10);

        static IEnumerable<int> PagesOfKnown(TraceRow row) => Enumerable.Range((int)(row.Operation.Page - KnownMemory), (int)row.Operation.Pages);
    }

    [Fact]
    public void RefusesThePrintOfDefaultFields_InWhichThreadsLookLikeProcesses() =>
        Assert.Contains("line 1, pid: PID/TID is expected before the time",
            Assert.Throws<FleetEstimator.Traces.Import.ImportException>(() => Imported.Fixture("perf-faults", "faults-default-fields.txt")).Message, StringComparison.Ordinal);

    [Fact]
    public void BreaksTheZeroPage_WhenAStoreFollowsALoad()
    {
        var imported = Imported.Of("perf-faults",
            "a b 7/8 5.000001: exceptions:page_fault_user: address=0x400000 ip=0x1 error_code=0x4\n"
            + "a b 7/9 5.000003: exceptions:page_fault_user: address=0x400008 ip=0x1 error_code=0x7\n");
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, 7, 0x400, 512)),
                new TraceRow(0, new Operation(OperationKind.Read, 7, 0x400, 1)),
                new TraceRow(2, new Operation(OperationKind.Write, 7, 0x400, 1)),
            ],
            imported.Rows);
    }

    [Fact]
    public void LeavesOutFetches_AddressesOfTheKernel_AndFileMappings()
    {
        var imported = Imported.Of("perf-faults",
            "c 7/7 5.0: PERF_RECORD_MMAP2 7/7: [0x1000(0x3000) @ 0 fe:00 1 0]: r--p /a file\n"
            + "c 7/7 5.1: PERF_RECORD_MMAP2 7/7: [0x2000(0x1000) @ 0x2000 00:00 0 0]: rw-p //anon\n"
            + "c 7/7 5.2: exceptions:page_fault_user: address=0x1fff ip=0x1 error_code=0x4\n"
            + "c 7/7 5.2: exceptions:page_fault_user: address=0x2000 ip=0x1 error_code=0x6\n"
            + "c 7/7 5.2: exceptions:page_fault_user: address=0x3000 ip=0x1 error_code=0x4\n"
            + "c 7/7 5.2: exceptions:page_fault_user: address=0x9000 ip=0x1 error_code=0x14\n"
            + "c 7/7 5.2: exceptions:page_fault_kernel: address=0xffff888000000000 ip=0x1 error_code=0x2\n");
        Assert.Equal(2ul, Assert.Single(imported.Rows, row => row.Operation.Kind == OperationKind.Write).Operation.Page);
        Assert.Equal(2, imported.Rows.Count);
        Assert.Equal([2L, 1L, 1L], imported.Summary.LeftOut.OrderBy(left => left.Key, StringComparer.Ordinal).Select(left => left.Value).OrderDescending());
    }

    [Fact]
    public void EndsAProcess_WhenItExitsOrExecs()
    {
        const string fault = "c 7/7 5.2: exceptions:page_fault_user: address=0x2000 ip=0x1 error_code=0x6\n";
        var imported = Imported.Of("perf-faults", fault + "c 7/7 5.3: PERF_RECORD_COMM exec: d:7/7\n" + fault.Replace("5.2", "5.4", StringComparison.Ordinal)
            + "c 7/7 5.5: PERF_RECORD_EXIT(7:7):(1:1)\n");
        Assert.Equal(
            [OperationKind.Map, OperationKind.Write, OperationKind.Exit, OperationKind.Map, OperationKind.Write, OperationKind.Exit],
            imported.Rows.Select(row => row.Operation.Kind));
    }

    [Theory]
    [InlineData("c 7/7 5.2: sched:x: y\n", "in: there is no page fault in it.")]
    [InlineData("c 7/7 5.2: exceptions:page_fault_user: address=zz error_code=0x6\n", "in, line 1, address: address=0x… is expected")]
    [InlineData("c 7/7 5.2: exceptions:page_fault_user: address=0x1 ip=0x1\n", "in, line 1, error_code: it is missing")]
    [InlineData("c 7/7 5.2: exceptions:page_fault_user: address=0x1 ip=0x1 error_code=0x6\nc 7/7 5.1: exceptions:page_fault_user: address=0x1 ip=0x1 error_code=0x6\n",
        "in, line 2, time: it lies before that of the first event.")]
    public void IsRefusedWithPlaceAndRemedy(string text, string message) =>
        Assert.Contains(message, Imported.Refused("perf-faults", text).Message, StringComparison.Ordinal);
}
