using System.Buffers.Binary;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using FleetEstimator.Traces.Import;
using Xunit;

namespace FleetEstimator.Tests.Traces.Import;

/// <summary>Cores and dumps of the process of known.c: 32 pages at 0x10000000, of which 8 untouched, 4 mapping the zero page, 4 written zeros, 8 repeated, 8 data.</summary>
public sealed class DumpImporterTests
{
    private const ulong KnownMemory = 0x10000;

    [Fact]
    public void TellsHolesFromWrittenZeros_InTheKernelsCore()
    {
        var imported = Imported.Fixture("elf-core", "kernel-core.sparse.gz");
        Assert.Equal(Capability.ContentKnown, imported.Header.Capability);
        Assert.Equal(
            [
                new TraceRow(0, new Operation(OperationKind.Map, Process(imported), KnownMemory, 32)),
                new TraceRow(0, new Operation(OperationKind.Observe, Process(imported), KnownMemory + 12, 4, PageContent.Zero)),
                new TraceRow(0, new Operation(OperationKind.Observe, Process(imported), KnownMemory + 16, 8, PageContent.Repeated), 0x1122334455667788),
                new TraceRow(0, new Operation(OperationKind.Observe, Process(imported), KnownMemory + 24, 8, PageContent.Data)),
            ],
            imported.Rows.Where(IsKnown));
    }

    [Fact]
    public void ReadsHolesOfARealFile_AsOfOneInMemory()
    {
        using var folder = new TemporaryFolder();
        using var inMemory = Imported.File("kernel-core.sparse.gz");
        var path = folder["core"];
        using (var file = File.Create(path))
        {
            file.SetLength(inMemory.Stream.Length);
            for (long at = 0; inMemory.NextData(at) is { } data; at = data.End)
            {
                var bytes = new byte[data.End - data.Start];
                inMemory.ReadAt(data.Start, bytes);
                file.Position = data.Start;
                file.Write(bytes);
            }
        }

        using var onDisk = ImportFile.Open(path);
        Assert.Equal(Imported.Of("elf-core", [inMemory]).Rows, Imported.Of("elf-core", [onDisk]).Rows);
    }

    [Fact]
    public void RefusesACoreWithoutHoles_UntilItIsSaidWhatItsZerosAre()
    {
        var exception = Assert.Throws<ImportException>(() => Imported.Fixture("elf-core", "gcore.sparse.gz"));
        Assert.Contains("the file has no holes, so whether its", exception.Message, StringComparison.Ordinal);
        Assert.Contains("--zero-pages resident or untouched", exception.Remedy, StringComparison.Ordinal);

        var untouched = Imported.Fixture("elf-core", "gcore.sparse.gz", new ImportOptions().Add("zero-pages", "untouched"));
        Assert.Equal(16u, untouched.Rows.Where(row => IsKnown(row) && row.Operation.Kind == OperationKind.Observe).Aggregate(0u, (sum, row) => sum + row.Operation.Pages));
        var resident = Imported.Fixture("elf-core", "gcore.sparse.gz", new ImportOptions().Add("zero-pages", "resident"));
        Assert.Equal(32u, resident.Rows.Where(row => IsKnown(row) && row.Operation.Kind == OperationKind.Observe).Aggregate(0u, (sum, row) => sum + row.Operation.Pages));
        Assert.Contains(resident.Summary.Notes, note => note.Contains("an upper bound", StringComparison.Ordinal));
    }

    [Fact]
    public void WarnsOfACopyThatMadeHolesOfZeros()
    {
        using var core = Imported.File("kernel-core.sparse.gz");
        var bytes = new byte[core.Stream.Length];
        core.ReadAt(0, bytes);
        // What cp --sparse=always makes of it.
        var holes = Enumerable.Range(0, bytes.Length / 4096).Where(page => !bytes.AsSpan(page * 4096, 4096).ContainsAnyExcept((byte)0)).Select(page => (page * 4096L, (page + 1) * 4096L));
        using var copy = ImportFile.FromBytes("core", bytes, [.. holes]);
        Assert.Contains(Imported.Of("elf-core", [copy]).Summary.Notes, note => note.Contains("cp --sparse=always", StringComparison.Ordinal));
    }

    [Fact]
    public void RefusesHolesThatADebuggerMade_UntilItIsSaidWhatItsZerosAre()
    {
        // gdb, from 15 on, leaves out all pages of zeros; it writes section headers, which the kernel does not.
        var exception = Assert.Throws<ImportException>(() => Imported.Of("elf-core", [WithSections()]));
        Assert.Contains("a debugger wrote the file, which makes holes of pages of zeros", exception.Message, StringComparison.Ordinal);

        var resident = Imported.Of("elf-core", [WithSections()], new ImportOptions().Add("zero-pages", "resident"));
        Assert.Equal(16u, resident.Rows.Where(row => IsKnown(row) && row.Operation.Content == PageContent.Zero).Aggregate(0u, (sum, row) => sum + row.Operation.Pages));

        static ImportFile WithSections()
        {
            using var core = Imported.File("kernel-core.sparse.gz");
            var bytes = new byte[core.Stream.Length];
            core.ReadAt(0, bytes);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(60), 20);
            var holes = new List<(long, long)>();
            for (long end = 0; end < bytes.Length;)
            {
                var (start, next) = core.NextData(end) ?? (bytes.Length, bytes.Length);
                if (start > end)
                    holes.Add((end, start));
                end = next;
            }

            return ImportFile.FromBytes("core", bytes, holes);
        }
    }

    [Fact]
    public void RefusesSegmentsThatShareTheirBytes()
    {
        using var core = Imported.File("kernel-core.sparse.gz");
        var bytes = new byte[core.Stream.Length];
        core.ReadAt(0, bytes);
        var (headers, count) = ((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(32)), BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(56)));
        for (var header = 0; header < count; header++)
        {
            var entry = bytes.AsSpan(headers + (56 * header), 56);
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry) != 1)
                continue;
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], 0);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], (ulong)bytes.Length / 4096 * 4096);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[40..], (ulong)bytes.Length / 4096 * 4096);
        }

        using var damaged = ImportFile.FromBytes("core", bytes);
        Assert.Contains("core, program headers: its segments have more bytes than the file", Assert.Throws<ImportException>(() => Imported.Of("elf-core", [damaged])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesCoresOfOneProcessTwice()
    {
        using var one = Imported.File("kernel-core.sparse.gz");
        using var same = Imported.File("kernel-core.sparse.gz");
        Assert.Contains("is in another of the files, too", Assert.Throws<ImportException>(() => Imported.Of("elf-core", [one, same])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadsAGuest_OfWhichTwoPagesHoldData()
    {
        var exception = Assert.Throws<ImportException>(() => Imported.Fixture("qemu-dump", "guest.elf.gz"));
        Assert.Contains("a dump does not say whether its", exception.Message, StringComparison.Ordinal);

        var imported = Imported.Fixture("qemu-dump", "guest.elf.gz", new ImportOptions().Add("zero-pages", "untouched"));
        Assert.Equal([3ul, 0x150ul], imported.Rows.Where(row => row.Operation.Kind == OperationKind.Observe).Select(row => row.Operation.Page));
        Assert.Equal((0xC0 + 0x100) * 4096L, imported.Header.MemoryBytes);
        var resident = Imported.Fixture("qemu-dump", "guest.elf.gz", new ImportOptions().Add("zero-pages", "resident"));
        Assert.Equal(0xC0 + 0x100 - 2, resident.Pages()["observe zero"]);
        Assert.Equal(2, resident.Pages()["observe data"]);
    }

    [Theory]
    [InlineData("elf-core", "guest.elf.gz", "this is a dump of a machine, not of a process")]
    [InlineData("qemu-dump", "kernel-core.sparse.gz", "this is a core of a process")]
    [InlineData("elf-core", "damo.json", "this is not an ELF core dump")]
    public void RefusesTheOtherKindOfDump(string format, string fixture, string message) =>
        Assert.Contains(message, Assert.Throws<ImportException>(() => Imported.Fixture(format, fixture)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("KDUMP   ", "kdump-compressed")]
    [InlineData("makedumpfile\0", "flattened")]
    [InlineData("PAGEDU64", "Windows")]
    [InlineData("", "do not lie in the file of 0 bytes")]
    public void RefusesOtherFormatsOfDumps_WithTheWayToAnElfDump(string head, string message) =>
        Assert.Contains(message, Imported.Refused("qemu-dump", head.Length == 0 ? "" : head.PadRight(64)).Message, StringComparison.Ordinal);

    [Fact]
    public void RefusesACoreCutShort()
    {
        using var core = Imported.File("kernel-core.sparse.gz");
        var bytes = new byte[core.Stream.Length / 2];
        core.ReadAt(0, bytes);
        using var half = ImportFile.FromBytes("core", bytes);
        Assert.Contains("it is cut short", Assert.Throws<ImportException>(() => Imported.Of("elf-core", [half])).Message, StringComparison.Ordinal);
    }

    private static bool IsKnown(TraceRow row) => row.Operation.Page >= KnownMemory && row.Operation.Page < KnownMemory + 32;

    private static uint Process(Imported imported) => imported.Rows[0].Operation.Process;
}
