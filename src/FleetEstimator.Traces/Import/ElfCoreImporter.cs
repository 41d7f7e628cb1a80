using System.Buffers.Binary;
using System.Globalization;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Cores of processes, as the kernel writes them: untouched memory and pages that map the zero page are holes in the file, written zeros are data.
/// A snapshot of private anonymous memory: file mappings (NT_FILE) and the kernel's own (vdso, vsyscall) are left out.
/// </summary>
internal sealed class ElfCoreImporter : Importer
{
    private const uint NoteProcessStatus = 1;
    private const uint NoteProcessInformation = 3;
    private const uint NoteAuxiliaryVector = 6;
    private const uint NoteFile = 0x46494C45;
    private const ulong AuxiliaryPageSize = 6;
    private const ulong AuxiliaryVdso = 33;
    private const ulong Vsyscall = 0xFFFFFFFFFF600000;

    /// <inheritdoc/>
    public override string Format => "elf-core";

    /// <inheritdoc/>
    public override string Description => "Cores of processes that the kernel wrote to a file system with holes; cores of one node make one snapshot.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.ContentKnown];

    /// <inheritdoc/>
    public override string FilesDescription => "64-bit cores, one for each process. Copies must keep holes (cp --sparse=auto does; a pipe, an archive and compression do not).";

    /// <inheritdoc/>
    public override bool TakesSeveralFiles => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options => [DumpedPages.Option];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var cores = job.Files.Select(file => Core.Read(job, file)).ToList();
        if (cores.Find(core => core.PageSize != cores[0].PageSize) is { } other)
            throw new ImportException(other.File.Name, null, "AT_PAGESZ", $"its pages have {other.PageSize} bytes, those of {cores[0].File.Name} {cores[0].PageSize}", "Import cores of one node together");
        var trace = job.BeginTrace(Capability.ContentKnown, "snapshot", new NodeFacts { PageSize = cores[0].PageSize });
        var processes = new HashSet<uint>();
        foreach (var core in cores)
        {
            trace.Place = (core.File, "", 0);
            if (!processes.Add(core.Process))
                throw new ImportException(core.File.Name, null, "pid", $"process {core.Process} is in another of the files, too", "Give each process's core once; snapshots of different times are imports of their own");
            Import(job, trace, core);
        }
    }

    private static void Import(ImportJob job, ImportedTrace trace, Core core)
    {
        var asked = DumpedPages.Asked(job);
        var zeroPages = core.HolesTell ? ZeroPages.AsWritten : asked;
        var pages = new DumpedPages(trace, zeroPages ?? ZeroPages.Resident, holesAreZeros: !core.HolesTell);
        var pageBytes = (ulong)core.PageSize;
        foreach (var segment in core.Anonymous.OrderBy(segment => segment.Address))
        {
            var (page, inMemory, inFile) = (segment.Address / pageBytes, segment.MemoryBytes / pageBytes, segment.FileBytes / pageBytes);
            if (inMemory == 0)
                continue;
            trace.Map(0, core.Process, page, inMemory);
            pages.Write(core.File, core.Process, (long)segment.Offset, page, (long)inFile);
            job.LeaveOut("pages of anonymous memory that were not dumped (never written, MADV_DONTDUMP or coredump_filter)", (long)(inMemory - inFile));
        }

        if (zeroPages is null && pages.ZeroFilledPages > 0)
        {
            throw new ImportException(
                core.File.Name,
                null,
                null,
                $"{(core.HasHoles ? "a debugger wrote the file, which makes holes of pages of zeros" : "the file has no holes")}, so whether its {pages.ZeroFilledPages} pages of zeros were ever touched is lost; the zero share is anything from 0 to {(double)pages.ZeroFilledPages / (pages.ZeroFilledPages + pages.DataPages):P1}",
                "Let the kernel write the core to a file (core_pattern without a pipe; not with gcore) and copy it with holes kept, or say what they are with --zero-pages resident or untouched");
        }

        job.Note($"{core.File.Name}: process {core.Process}, {pages.DataPages:N0} pages of data, {pages.ZeroFilledPages:N0} of written zeros, {pages.HolePages:N0} in holes (untouched, or mapping the zero page)");
        if (!core.HolesTell)
            job.Note($"{core.File.Name} {(core.HasHoles ? "is a debugger's, whose holes are any pages of zeros" : "has no holes")}: its pages of zeros are taken as {(zeroPages == ZeroPages.Untouched ? "untouched" : "written")}, as you said; the zero share is {(zeroPages == ZeroPages.Untouched ? "a lower" : "an upper")} bound");
        else if (pages.ZeroFilledPages == 0 && pages.HolePages > 0)
            job.Note($"{core.File.Name}: not one page of zeros is data. A copy that turns zeros into holes (cp --sparse=always) looks the same: make sure that this is the file the kernel wrote");
        if (core.HolesTell && asked is not null)
            job.Note($"{core.File.Name} has holes, which tell untouched memory from written zeros: --zero-pages has no say");
    }

    private sealed class Core
    {
        public required ImportFile File { get; init; }

        public required uint Process { get; init; }

        public required int PageSize { get; init; }

        public required bool HasHoles { get; init; }

        /// <summary>Whether holes are memory that does not exist: as the kernel writes them. gdb, from 15 on, makes holes of whatever reads as zeros.</summary>
        public required bool HolesTell { get; init; }

        public required IReadOnlyList<ElfSegment> Anonymous { get; init; }

        public static Core Read(ImportJob job, ImportFile file)
        {
            var elf = ElfFile.Read(file);
            if (elf.Notes.Exists(note => note.Name is "QEMU" or "VMCOREINFO"))
                throw new ImportException(file.Name, null, null, "this is a dump of a machine, not of a process", "Import it with: fleet-estimator import qemu-dump");
            var status = elf.Notes.Find(note => note is { Name: "CORE", Type: NoteProcessStatus, Description.Length: >= 36 })
                ?? throw new ImportException(file.Name, "notes", "NT_PRSTATUS", "it is missing, so the process is not known", "Give a core that the kernel or gcore wrote");
            var auxiliary = Auxiliary(elf);
            var pageSize = auxiliary.TryGetValue(AuxiliaryPageSize, out var size) ? size : (ulong)job.PageSize;
            if (pageSize is < TraceFormat.PageSizeMin or > TraceFormat.PageSizeMax || (pageSize & (pageSize - 1)) != 0)
                throw new ImportException(file.Name, "notes", "AT_PAGESZ", $"{pageSize} is no page size", "Give a core that the kernel or gcore wrote");
            if (elf.SharesBytes)
                throw new ImportException(file.Name, "program headers", null, $"its segments have more bytes than the file, {file.Stream.Length}", "Dump or copy the file again");
            var files = FileMappings(file, elf);
            var kernelRange = KernelMappings(elf, auxiliary.GetValueOrDefault(AuxiliaryVdso));
            var anonymous = new List<ElfSegment>();
            foreach (var segment in elf.Segments)
            {
                var pages = (long)(segment.MemoryBytes / pageSize);
                if (segment.Address % pageSize != 0 || segment.MemoryBytes % pageSize != 0 || segment.FileBytes % pageSize != 0)
                    throw new ImportException(file.Name, $"segment at {segment.Address:x}", null, $"it is not made of pages of {pageSize} bytes", "Give the page size with --page-size");
                if (segment.Address >= Vsyscall || (segment.Address >= kernelRange.Start && segment.Address < kernelRange.End))
                    job.LeaveOut("pages of the kernel's own mappings (vdso, vvar, vsyscall)", pages);
                else if (files.HoldAnyOf(segment.Address, segment.End))
                    job.LeaveOut("pages of file mappings and shared memory (of private ones, copied pages too)", pages);
                else
                    anonymous.Add(segment);
            }

            var hasHoles = anonymous.Exists(segment => HasHole(file, segment));
            return new Core
            {
                File = file,
                Process = ProcessOf(elf, status),
                PageSize = (int)pageSize,
                HasHoles = hasHoles,
                HolesTell = hasHoles && !elf.HasSections,
                Anonymous = anonymous,
            };
        }

        // The first status is that of the thread that dumped; the process's own number stands in NT_PRPSINFO.
        private static uint ProcessOf(ElfFile elf, ElfNote status) =>
            elf.Notes.Find(note => note is { Name: "CORE", Type: NoteProcessInformation, Description.Length: >= 28 }) is { } information
                ? BinaryPrimitives.ReadUInt32LittleEndian(information.Description.AsSpan(24))
                : BinaryPrimitives.ReadUInt32LittleEndian(status.Description.AsSpan(32));

        // The kernel's data for the vdso (vvar) lies right below it; nothing in the core names either.
        private static (ulong Start, ulong End) KernelMappings(ElfFile elf, ulong vdso)
        {
            var segment = elf.Segments.Find(segment => vdso != 0 && segment.Address <= vdso && vdso < segment.End);
            var start = segment.Address;
            var startsByEnd = elf.Segments.Where(below => !below.IsWritable && below.MemoryBytes > 0).GroupBy(below => below.End).ToDictionary(below => below.Key, below => below.First().Address);
            while (startsByEnd.TryGetValue(start, out var below))
                start = below;
            return (start, segment.End);
        }

        private static bool HasHole(ImportFile file, ElfSegment segment)
        {
            if (segment.FileBytes == 0)
                return false;
            var (start, end) = ((long)segment.Offset, (long)(segment.Offset + segment.FileBytes));
            return file.NextData(start) is not { } data || data.Start > start || data.End < end;
        }

        private static Dictionary<ulong, ulong> Auxiliary(ElfFile elf)
        {
            var values = new Dictionary<ulong, ulong>();
            var bytes = elf.Notes.Find(note => note is { Name: "CORE", Type: NoteAuxiliaryVector })?.Description ?? [];
            for (var at = 0; at + 16 <= bytes.Length; at += 16)
                values.TryAdd(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at + 8)));
            return values;
        }

        // NT_FILE: count, page size, then start, end and offset of each mapping; the names after them are not needed.
        private static AddressRanges FileMappings(ImportFile file, ElfFile elf)
        {
            if (elf.Notes.Find(note => note is { Name: "CORE", Type: NoteFile })?.Description is not { } bytes)
                throw new ImportException(file.Name, "notes", "NT_FILE", "it is missing, so file mappings cannot be told from anonymous memory", "Give a core that the kernel (3.7 or later) or gcore wrote");
            var count = bytes.Length < 16 ? ulong.MaxValue : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            if (count > (ulong)(bytes.Length - 16) / 24)
                throw new ImportException(file.Name, "notes", "NT_FILE", string.Create(CultureInfo.InvariantCulture, $"its {bytes.Length} bytes do not hold {count} mappings"), "Dump or copy the file again");
            return new([.. Enumerable.Range(0, (int)count).Select(index =>
                (BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16 + (index * 24))), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(24 + (index * 24)))))]);
        }
    }

    /// <summary>Ranges of addresses, the ends exclusive.</summary>
    private sealed class AddressRanges
    {
        private readonly ulong[] _starts;

        // The greatest end of a range and those that start before it: in a damaged file they may overlap.
        private readonly ulong[] _ends;

        public AddressRanges((ulong Start, ulong End)[] ranges)
        {
            Array.Sort(ranges);
            _starts = [.. ranges.Select(range => range.Start)];
            _ends = [.. ranges.Select(range => range.End)];
            for (var index = 1; index < _ends.Length; index++)
                _ends[index] = Math.Max(_ends[index], _ends[index - 1]);
        }

        /// <summary>Whether any address from <paramref name="start"/> to before <paramref name="end"/> lies in one.</summary>
        public bool HoldAnyOf(ulong start, ulong end)
        {
            var (low, high) = (0, _starts.Length);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_starts[middle] < end)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low > 0 && _ends[low - 1] > start;
        }
    }
}
