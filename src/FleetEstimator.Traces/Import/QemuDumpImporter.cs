namespace FleetEstimator.Traces.Import;

/// <summary>
/// Memory of a whole guest, dumped by QEMU's <c>dump-guest-memory</c> in ELF: every guest-physical page, the guest's kernel, page cache and free pages
/// included. The trace's one process is the guest as its host sees it.
/// </summary>
internal sealed class QemuDumpImporter : Importer
{
    /// <inheritdoc/>
    public override string Format => "qemu-dump";

    /// <inheritdoc/>
    public override string Description => "Memory of a guest by QEMU's dump-guest-memory, as ELF (without -p, -z, -l, -s, -w, -R); all of it, the guest's kernel and page cache included.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.ContentKnown];

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options => [DumpedPages.Option];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        var elf = ElfFile.Read(job.File);
        if (!elf.Notes.Exists(note => note.Name is "QEMU" or "VMCOREINFO"))
            throw job.Wrong("notes", null, "it has no note of QEMU: this is a core of a process", "Import it with: fleet-estimator import elf-core");
        if (elf.Segments.Find(segment => segment.FileBytes < segment.MemoryBytes) is { MemoryBytes: > 0 } filtered)
        {
            throw job.Wrong(
                $"segment at {filtered.PhysicalAddress:x}", null, $"{filtered.MemoryBytes - filtered.FileBytes} bytes of it were left out, zero pages perhaps (makedumpfile's dump level)",
                "Dump without filter: dump level 0, or QEMU's dump-guest-memory");
        }

        var pageBytes = (ulong)job.PageSize;
        var segments = elf.Segments.Where(segment => segment.FileBytes > 0).OrderBy(segment => segment.PhysicalAddress).ToList();
        if (segments.Zip(segments.Skip(1)).Any(pair => pair.Second.PhysicalAddress < pair.First.PhysicalAddress + pair.First.MemoryBytes))
            throw job.Wrong("program headers", null, "segments overlap in guest-physical memory", "Dump without -p (paging)");
        if (segments.Find(segment => segment.PhysicalAddress % pageBytes != 0 || segment.MemoryBytes % pageBytes != 0) is { MemoryBytes: > 0 } uneven)
            throw job.Wrong($"segment at {uneven.PhysicalAddress:x}", null, $"it is not made of pages of {pageBytes} bytes", "Give the guest's page size with --page-size");
        if (elf.SharesBytes)
            throw job.Wrong("program headers", null, $"its segments have more bytes than the file, {job.File.Stream.Length}", "Dump or copy the file again");
        var memory = segments.Aggregate(0UL, (sum, segment) => sum + segment.MemoryBytes);
        if (memory == 0)
            throw job.Wrong("there is no memory in it", "Dump the guest again");

        var zeroPages = DumpedPages.Asked(job);
        var trace = job.BeginTrace(Capability.ContentKnown, "snapshot", new NodeFacts { MemoryBytes = (long)Math.Min(memory, long.MaxValue) });
        var pages = new DumpedPages(trace, zeroPages ?? ZeroPages.Resident, holesAreZeros: true);
        foreach (var segment in segments)
        {
            trace.Map(0, 0, segment.PhysicalAddress / pageBytes, segment.MemoryBytes / pageBytes);
            pages.Write(job.File, 0, (long)segment.Offset, segment.PhysicalAddress / pageBytes, (long)(segment.MemoryBytes / pageBytes));
        }

        if (zeroPages is null && pages.ZeroFilledPages > 0)
        {
            throw job.Wrong(
                $"a dump does not say whether its {pages.ZeroFilledPages} pages of zeros were ever touched by the guest; the zero share is anything from 0 to {(double)pages.ZeroFilledPages / (pages.ZeroFilledPages + pages.DataPages):P1}",
                "Say what they are with --zero-pages resident (free pages that the guest once used, the host keeps) or untouched (the guest has just booted); or import a core of the QEMU process itself");
        }

        job.Note($"guest-physical memory as one process: {pages.DataPages:N0} pages of data, {pages.ZeroFilledPages:N0} of zeros taken as {(zeroPages == ZeroPages.Untouched ? "untouched: the zero share is a lower bound" : "resident: the zero share is an upper bound")}");
        job.Note("it is all of the guest's memory: its kernel, page cache and free pages, not only private anonymous memory");
    }
}
