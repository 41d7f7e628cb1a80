using System.Buffers.Binary;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Page tables of processes: /proc/PID/pagemap with /proc/PID/maps and, to tell pages that map the shared zero page, /proc/kpageflags. A snapshot of
/// private anonymous memory: resident, swapped out, or mapping the zero page.
/// </summary>
internal sealed class PagemapImporter : Importer
{
    private const ulong FrameMask = (1UL << 55) - 1;
    private const ulong FileOrShared = 1UL << 61;
    private const ulong Swapped = 1UL << 62;
    private const ulong Present = 1UL << 63;
    private const ulong FlagZeroPage = 1UL << 24;
    private const int ChunkEntries = 1 << 13;

    /// <inheritdoc/>
    public override string Format => "pagemap";

    /// <inheritdoc/>
    public override string Description => "Page tables: dumps of /proc/PID/pagemap with /proc/PID/maps, and of /proc/kpageflags to tell pages that map the zero page.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.MappingOnly];

    /// <inheritdoc/>
    public override string FilesDescription =>
        "MAPS PAGEMAP, a pair for each process: /proc/PID/maps, and the 8-byte entries of its ranges one after another in that order (or a sparse file with each entry at its place).";

    /// <inheritdoc/>
    public override bool TakesSeveralFiles => true;

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("kpageflags", "FILE", "A copy of /proc/kpageflags, taken at the same time as root: tells which pages map the zero page; without it they count as resident data.") { IsFile = true },
    ];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        if (job.Files.Count % 2 != 0)
            throw new ImportException("", null, Format, $"{job.Files.Count} files are no pairs of maps and pagemap", "Give MAPS PAGEMAP for each process");
        var trace = job.BeginTrace(Capability.MappingOnly, "snapshot");
        var flags = job.Options.File("kpageflags") is { } file ? new FrameFlags(file) : null;
        var totals = new Totals();
        for (var index = 0; index < job.Files.Count; index += 2)
            Import(job, trace, (uint)(index / 2), ReadMaps(job, job.Files[index]), job.Files[index + 1], flags, totals);
        if (flags is not null && totals.Present > 0 && !totals.HasFrames)
        {
            throw new ImportException(
                job.Files[1].Name, null, null, "its entries have no frame numbers, without which kpageflags says nothing", "Dump pagemap as root (CAP_SYS_ADMIN), or leave --kpageflags out");
        }

        job.Note($"{totals.Resident:N0} pages resident, {totals.Swapped:N0} swapped out, {totals.ZeroPage:N0} mapping the zero page; what written pages contain is not known");
        if (flags is null)
            job.Note("without --kpageflags, pages that map the shared zero page (but for the huge one) cannot be told from others and count as resident");
    }

    private static void Import(ImportJob job, ImportedTrace trace, uint process, List<Mapping> maps, ImportFile pagemap, FrameFlags? flags, Totals totals)
    {
        var entries = new Entries(job, pagemap, maps);
        var buffer = new byte[ChunkEntries * 8];
        foreach (var mapping in maps)
        {
            if (!mapping.IsAnonymous)
            {
                job.LeaveOut("pages of file mappings, shared memory and the kernel's own (of private files, copied pages too)", (long)mapping.Pages);
                continue;
            }

            trace.Place = (pagemap, "byte", entries.OffsetOf(mapping));
            trace.Map(0, process, mapping.Page, mapping.Pages);
            for (ulong done = 0; done < mapping.Pages;)
            {
                var count = (int)Math.Min(ChunkEntries, mapping.Pages - done);
                var offset = entries.OffsetOf(mapping) + ((long)done * 8);
                trace.Place = (pagemap, "byte", offset);
                if (entries.NextData(offset) is not { } data)
                    break;
                if (data >= offset + (8 * ChunkEntries))
                {
                    // A hole: entries of 0, nothing there.
                    done = Math.Min(mapping.Pages, done + (ulong)((data - offset) / 8));
                    continue;
                }

                if (pagemap.ReadAt(offset, buffer.AsSpan(0, count * 8)) < count * 8)
                    throw trace.Wrong(null, "the file ends within the entries of maps", "Dump maps and pagemap together, while the process is stopped");
                for (var index = 0; index < count; index++)
                    Add(trace, process, mapping.Page + done + (ulong)index, BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(index * 8)), flags, totals);
                done += (ulong)count;
            }
        }
    }

    private static void Add(ImportedTrace trace, uint process, ulong page, ulong entry, FrameFlags? flags, Totals totals)
    {
        if ((entry & Swapped) != 0)
        {
            totals.Swapped++;
            trace.Add(0, OperationKind.Observe, process, page, 1);
            trace.Add(0, OperationKind.ObservedSwapOut, process, page, 1);
        }
        else if ((entry & Present) != 0)
        {
            totals.Present++;
            var frame = entry & FrameMask;
            totals.HasFrames |= frame != 0;
            var isOfFile = (entry & FileOrShared) != 0;
            var isZeroPage = frame != 0 && flags is not null ? (flags.Of(frame) & FlagZeroPage) != 0 : isOfFile && totals.IsOfHugeZeroPage(page);
            if (isOfFile && !isZeroPage)
                throw trace.Wrong("entry", $"page {page:x} is of a file, but lies in a private anonymous mapping", "Dump maps and pagemap together, while the process is stopped; check that entries follow the order of maps");
            if (isZeroPage)
            {
                totals.ZeroPage++;
                trace.Add(0, OperationKind.Read, process, page, 1);
            }
            else
            {
                totals.Resident++;
                trace.Add(0, OperationKind.Observe, process, page, 1);
            }
        }
        else if ((entry & FrameMask) != 0)
        {
            throw trace.Wrong("entry", $"the entry {entry:x16} of page {page:x} is neither present nor swapped, yet has a frame", "Give /proc/PID/pagemap as it is: 8 bytes a page, little-endian");
        }
    }

    /// <summary>Lines such as <c>7f05a99bf000-7f05a99ff000 rw-p 00000000 00:00 0 [heap]</c>.</summary>
    private static List<Mapping> ReadMaps(ImportJob job, ImportFile file)
    {
        var maps = new List<Mapping>();
        var lines = new TextLines(file.Stream, file.Name, job.Limits);
        var pageBytes = (ulong)job.PageSize;
        while (lines.Next(out var line))
        {
            ImportException Wrong(string problem) => new(file.Name, $"line {lines.Number}", null, problem, "Give the process's /proc/PID/maps first, then its pagemap");
            var fields = new TextFields(line);
            if (!fields.Hexadecimal(out var start) || !fields.Take('-') || !fields.Hexadecimal(out var end) || !fields.Word(out var protection) || protection.Length != 4
                || !fields.Hexadecimal(out _) || !fields.Word(out _) || !fields.Number(out var inode))
            {
                throw Wrong("it is no line of /proc/PID/maps");
            }

            if (start >= end || start % pageBytes != 0 || end % pageBytes != 0 || (maps.Count > 0 && start / pageBytes < maps[^1].Page + maps[^1].Pages))
                throw Wrong($"the range {start:x}-{end:x} is empty, not made of pages of {pageBytes} bytes, or overlaps the one before");
            if (maps.Count == job.Limits.ProcessesMax * 10)
                throw Wrong($"there are more than {maps.Count} ranges");
            fields.Word(out var name);
            var isKernels = name.StartsWith("[v"u8);
            maps.Add(new Mapping(start / pageBytes, (end - start) / pageBytes, inode == 0 && protection[3] == (byte)'p' && !isKernels, name.SequenceEqual("[vsyscall]"u8)));
        }

        return maps.Count > 0 ? maps : throw new ImportException(file.Name, null, null, "there is no range in it", "Give the process's /proc/PID/maps first, then its pagemap");
    }

    private readonly record struct Mapping(ulong Page, ulong Pages, bool IsAnonymous, bool IsVsyscall);

    private sealed class Totals
    {
        public long Present;
        public long Resident;
        public long Swapped;
        public long ZeroPage;
        public bool HasFrames;

        private ulong _afterHugeZeroPage;

        /// <summary>
        /// Whether a page that is marked as a file's may map the huge zero page, which is so marked (fs/proc/task_mmu.c): that fills aligned blocks. The small
        /// zero page has no mark.
        /// </summary>
        public bool IsOfHugeZeroPage(ulong page)
        {
            if (page % ImportedTrace.BlockPages != 0 && page != _afterHugeZeroPage)
                return false;
            _afterHugeZeroPage = page + 1;
            return true;
        }
    }

    /// <summary>Where a dump has the entries of a range: one range after another, or each entry at its place as in /proc.</summary>
    private sealed class Entries
    {
        private readonly ImportFile _file;
        private readonly Dictionary<ulong, long>? _offsets;

        public Entries(ImportJob job, ImportFile file, List<Mapping> maps)
        {
            _file = file;
            if (!file.Stream.CanSeek)
                throw new ImportException(file.Name, null, null, "a pipe cannot be sought", "Give the dump as a file");
            var length = (ulong)file.Stream.Length;
            var pages = maps.Aggregate(0UL, (sum, mapping) => sum + mapping.Pages);
            var withoutVsyscall = maps.Where(mapping => !mapping.IsVsyscall).Aggregate(0UL, (sum, mapping) => sum + mapping.Pages);
            var last = maps.Where(mapping => mapping.IsAnonymous).Select(mapping => mapping.Page + mapping.Pages).DefaultIfEmpty().Max();
            if (length == pages * 8 || length == withoutVsyscall * 8)
            {
                _offsets = [];
                var offset = 0L;
                foreach (var mapping in maps)
                {
                    _offsets[mapping.Page] = offset;
                    offset += (long)mapping.Pages * 8;
                }
            }
            else if (length < last * 8)
            {
                throw new ImportException(
                    file.Name, null, null, $"it has {length} bytes; the {pages} pages of maps need {pages * 8}, one entry of 8 bytes each, or entries at their places up to byte {last * 8}",
                    "Copy, for each line of maps, the 8-byte entries of its pages (with dd: bs=8 skip=START/4096 count=PAGES), one range after another");
            }
        }

        public long OffsetOf(Mapping mapping) => _offsets is null ? (long)mapping.Page * 8 : _offsets[mapping.Page];

        /// <summary>Where data begins at or after an offset; null if a hole reaches to the end.</summary>
        public long? NextData(long offset) => _file.NextData(offset)?.Start & ~7L;
    }

    /// <summary>A copy of /proc/kpageflags: 8 bytes a frame.</summary>
    private sealed class FrameFlags(ImportFile file)
    {
        private const int WindowBytes = 1 << 16;

        private readonly byte[] _window = new byte[WindowBytes];
        private long _start = -1;
        private int _length;

        public ulong Of(ulong frame)
        {
            var offset = (long)(frame * 8);
            if (_start < 0 || offset < _start || offset >= _start + WindowBytes)
            {
                _start = offset / WindowBytes * WindowBytes;
                _length = file.ReadAt(_start, _window);
            }

            return offset + 8 <= _start + _length
                ? BinaryPrimitives.ReadUInt64LittleEndian(_window.AsSpan((int)(offset - _start)))
                : throw new ImportException(file.Name, $"byte {offset}", null, $"it has no entry for frame {frame}", "Copy all of /proc/kpageflags, of the same machine and at the same time");
        }
    }
}
