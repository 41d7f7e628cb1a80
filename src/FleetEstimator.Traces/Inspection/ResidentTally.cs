using System.Numerics;
using System.Runtime.CompilerServices;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces;

/// <summary>
/// Zero-filled pages as a share of resident pages over time, of a trace in which nothing is swapped out, at the speed of reading it: what
/// <see cref="TraceReplay"/> finds, to the last digit, by a few bits a page and without faults and LRU lists. It gives up where that is not enough.
/// </summary>
/// <remarks>
/// Frames are counted once however many processes map them: what fork shares has a number of its own, behind which stands how many still do.
/// </remarks>
internal sealed class ResidentTally(int pageBytes)
{
    private const int PagesPerBlock = 512;
    private const int PagesPerWord = 64;
    private const int WordsPerBlock = PagesPerBlock / PagesPerWord;

    // About 360 bytes each, 2,400 after a fork; 512 GiB of pages of 4 KiB.
    private const int BlocksMax = 1 << 18;
    private const int BlocksPerChunk = 1024;

    private readonly Dictionary<uint, ProcessPages> _processes = [];

    // Blocks lie side by side in arrays without references, which a garbage collection passes over: as objects of their own they doubled the time of an ingest.
    private readonly List<Word[]> _chunks = [];
    private readonly Stack<int> _unusedBlocks = new();

    /// <summary>Of a block with shared pages, for each of them the index of its number of sharers.</summary>
    private readonly Dictionary<int, int[]> _sharersOf = [];
    private readonly List<int> _sharers = [];
    private readonly Stack<int> _unusedSharers = new();
    private ProcessPages? _lastProcess;
    private int _lastBlock;
    private ulong _lastBlockNumber = ulong.MaxValue;
    private int _blocks;

    private ulong _time;
    private long _frames;
    private long _zeroFrames;
    private Int128 _framesOverTime;
    private Int128 _zeroFramesOverTime;

    /// <summary>
    /// False from a row on that it cannot follow: one that swaps out, limits, locks or pins, more memory than it keeps account of, or content of pages that a
    /// forked process may or may not have inherited as the zero page.
    /// </summary>
    public bool IsExact { get; private set; } = true;

    /// <summary>Zero-filled frames by frames, over time, or now if no time has passed; null without frames. Means are rounded as the model's are.</summary>
    public double? Share
    {
        get
        {
            var (zero, all) = _time == 0
                ? (_zeroFrames, _frames)
                : ((long)(_zeroFramesOverTime * pageBytes / _time), (long)(_framesOverTime * pageBytes / _time));
            return all == 0 ? null : (double)zero / all;
        }
    }

    /// <summary>Takes the first rows of some columns, as far as it can follow.</summary>
    /// <remarks>
    /// Scans report pages in order of address, so most rows are in the block of the row before, and most touch pages that have a frame: these are dealt with here.
    /// Optimised from the first call on, as <see cref="Visit"/> is: a fresh process ingests at full speed.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(TraceArrays columns, int rows)
    {
        var (times, kinds, processes) = (columns.Times, columns.Kinds, columns.Processes);
        var (firstPages, pageCounts, contents) = (columns.FirstPages, columns.PageCounts, columns.Contents);
        for (var row = 0; row < rows && IsExact; row++)
        {
            var (page, pages, kind, content) = (firstPages[row], pageCounts[row], kinds[row], contents[row]);
            var bit = (int)(page % PagesPerWord);
            if (times[row] == _time && page / PagesPerBlock == _lastBlockNumber && _lastProcess!.Number == processes[row] && pages <= PagesPerWord - (uint)bit)
            {
                ref var bits = ref WordsOf(_lastBlock)[(int)(page % PagesPerBlock) / PagesPerWord];
                var run = (ulong.MaxValue >> (PagesPerWord - (int)pages)) << bit;
                if (kind == OperationKind.Write && (bits.Shared & run) == 0)
                {
                    SetFrames(ref bits, run, content);
                    continue;
                }

                if (kind is OperationKind.Access or OperationKind.Read && content == PageContent.Unknown && (run & ~bits.Frames) == 0)
                    continue;
            }

            Take(times[row], kind, processes[row], page, pages, content);
        }
    }

    /// <summary>Takes a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(ulong timeMicroseconds, OperationKind kind, uint process, ulong page, uint pages, PageContent content)
    {
        if (timeMicroseconds != _time)
            Pass(timeMicroseconds);
        switch (kind)
        {
            case OperationKind.Write or OperationKind.Read or OperationKind.Access or OperationKind.Observe:
                Visit(kind, ProcessOf(process), page, pages, content);
                break;
            case OperationKind.Unmap or OperationKind.Discard:
                Zap(ProcessOf(process), page, pages);
                break;
            case OperationKind.Fork:
                Fork(ProcessOf(process), ProcessOf((uint)page));
                break;
            case OperationKind.Exit:
                Zap(ProcessOf(process), 0, ulong.MaxValue);
                _processes.Remove(process);
                _lastProcess = null;
                break;
            case OperationKind.Map or OperationKind.Cold or OperationKind.LazyFree or OperationKind.Huge or OperationKind.NoHuge or OperationKind.Settle:
                // Of consequence to reclaim and to large folios only.
                break;
            default:
                IsExact = false;
                break;
        }
    }

    private void Pass(ulong timeMicroseconds)
    {
        var now = Math.Min(timeMicroseconds, TraceReplay.LastTime);
        _framesOverTime += (Int128)_frames * (now - _time);
        _zeroFramesOverTime += (Int128)_zeroFrames * (now - _time);
        _time = now;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Visit(OperationKind kind, ProcessPages process, ulong page, ulong pages, PageContent content)
    {
        for (var end = page + pages; page < end && IsExact;)
        {
            var block = BlockAt(process, page / PagesPerBlock);
            var stop = Math.Min(end, ((page / PagesPerBlock) + 1) * PagesPerBlock);
            while (page < stop)
            {
                var (word, run) = RunAt(page, stop);
                ref var bits = ref WordsOf(block)[word];
                if (kind == OperationKind.Write)
                {
                    Store(ref bits, run, content, block, word);
                }
                else if (kind == OperationKind.Observe || content != PageContent.Unknown || (run & ~bits.Frames) != 0)
                {
                    // Not an access of pages that have a frame, of which most are.
                    if (kind != OperationKind.Observe)
                        bits.ZeroPage |= run & ~bits.Frames;
                    if (kind != OperationKind.Read)
                        Observe(ref bits, run, content, block, word, isScan: kind == OperationKind.Observe && process.MayLackZeroPages);
                }

                page += (ulong)BitOperations.PopCount(run);
            }
        }
    }

    /// <summary>A content that was found: of pages without a frame, which take one, and of frames with another content, which were stored to.</summary>
    private void Observe(ref Word bits, ulong run, PageContent content, int block, int word, bool isScan)
    {
        var found = run & ~bits.Frames & ~bits.ZeroPage;
        if (content != PageContent.Unknown)
            found |= run & bits.Frames & ~bits.Holding(content);
        if (content is PageContent.Repeated or PageContent.Data)
            found |= run & bits.ZeroPage;
        else if (isScan && (run & bits.ZeroPage) != 0)
            IsExact = false;
        if (found != 0)
            Store(ref bits, found, content, block, word);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Store(ref Word bits, ulong run, PageContent content, int block, int word)
    {
        if ((bits.Shared & run) != 0)
            Part(ref bits, run, block, word);
        SetFrames(ref bits, run, content);
    }

    /// <summary>Pages that are not shared have a frame with this content.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SetFrames(ref Word bits, ulong run, PageContent content)
    {
        _frames += BitOperations.PopCount(run & ~bits.Frames);
        _zeroFrames += (content == PageContent.Zero ? BitOperations.PopCount(run) : 0) - BitOperations.PopCount(run & bits.Frames & bits.Holding(PageContent.Zero));
        bits.Frames |= run;
        bits.ZeroPage &= ~run;
        bits.ContentLow = (bits.ContentLow & ~run) | (((int)content & 1) != 0 ? run : 0);
        bits.ContentHigh = (bits.ContentHigh & ~run) | (((int)content & 2) != 0 ? run : 0);
    }

    private void Zap(ProcessPages process, ulong page, ulong pages)
    {
        var (first, last) = (page / PagesPerBlock, (page + (pages - 1)) / PagesPerBlock);
        if (last - first < (ulong)process.Blocks.Count)
        {
            for (var number = first; number <= last; number++)
                ZapBlock(process, number, page, pages);
        }
        else
        {
            foreach (var number in process.Blocks.Keys.Where(number => number >= first && number <= last).ToList())
                ZapBlock(process, number, page, pages);
        }
    }

    private void ZapBlock(ProcessPages process, ulong number, ulong page, ulong pages)
    {
        if (!process.Blocks.TryGetValue(number, out var block))
            return;
        var (at, stop) = (Math.Max(page, number * PagesPerBlock), Math.Min(page + pages, (number + 1) * PagesPerBlock));
        while (at < stop)
        {
            var (word, run) = RunAt(at, stop);
            ref var bits = ref WordsOf(block)[word];
            if ((bits.Shared & run) != 0)
                Part(ref bits, run, block, word);
            _frames -= BitOperations.PopCount(run & bits.Frames);
            _zeroFrames -= BitOperations.PopCount(run & bits.Frames & bits.Holding(PageContent.Zero));
            bits.Frames &= ~run;
            bits.ZeroPage &= ~run;
            at += (ulong)BitOperations.PopCount(run);
        }

        if (!IsEmpty(WordsOf(block)))
            return;
        process.Blocks.Remove(number);
        _sharersOf.Remove(block);
        _unusedBlocks.Push(block);
        _blocks--;
        _lastProcess = null;
    }

    private void Fork(ProcessPages parent, ProcessPages child)
    {
        child.MayLackZeroPages = parent.MayLackZeroPages;
        foreach (var (number, from) in parent.Blocks)
        {
            var to = BlockAt(child, number);
            if (!IsExact)
                return;
            if (!_sharersOf.TryGetValue(from, out var sharersOfParent))
                _sharersOf.Add(from, sharersOfParent = new int[PagesPerBlock]);
            var sharersOfChild = _sharersOf[to] = new int[PagesPerBlock];
            var wordsOfParent = WordsOf(from);
            var wordsOfChild = WordsOf(to);
            for (var word = 0; word < WordsPerBlock; word++)
            {
                ref var bits = ref wordsOfParent[word];
                for (var left = bits.Frames; left != 0; left &= left - 1)
                {
                    var page = (word * PagesPerWord) + BitOperations.TrailingZeroCount(left);
                    if ((bits.Shared & left & (0 - left)) == 0)
                        sharersOfParent[page] = NewSharers();
                    sharersOfChild[page] = sharersOfParent[page];
                    _sharers[sharersOfParent[page]]++;
                }

                bits.Shared = bits.Frames;
                wordsOfChild[word] = bits;

                // A VMA that no store ever faulted in is not copied; which it was is not kept here.
                child.MayLackZeroPages |= bits.ZeroPage != 0;
            }
        }
    }

    private int NewSharers()
    {
        if (!_unusedSharers.TryPop(out var number))
        {
            number = _sharers.Count;
            _sharers.Add(0);
        }

        _sharers[number] = 1;
        return number;
    }

    /// <summary>Ends the sharing of frames by this process: the last one keeps the frame as its own, any other has none from then on.</summary>
    private void Part(ref Word bits, ulong run, int block, int word)
    {
        for (var left = bits.Shared & run; left != 0; left &= left - 1)
        {
            var number = _sharersOf[block][(word * PagesPerWord) + BitOperations.TrailingZeroCount(left)];
            if (--_sharers[number] > 0)
                bits.Frames &= ~(left & (0 - left));
            else
                _unusedSharers.Push(number);
        }

        bits.Shared &= ~run;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Word, ulong Run) RunAt(ulong page, ulong stop)
    {
        var bit = (int)(page % PagesPerWord);
        var count = (int)Math.Min(stop - page, (ulong)(PagesPerWord - bit));
        return ((int)(page % PagesPerBlock) / PagesPerWord, (ulong.MaxValue >> (PagesPerWord - count)) << bit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ProcessPages ProcessOf(uint number) => _lastProcess is { } last && last.Number == number ? last : FindProcess(number);

    private ProcessPages FindProcess(uint number)
    {
        if (!_processes.TryGetValue(number, out var process))
            _processes.Add(number, process = new(number));
        (_lastProcess, _lastBlockNumber) = (process, ulong.MaxValue);
        return process;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int BlockAt(ProcessPages process, ulong number) =>
        _lastBlockNumber == number && _lastProcess == process ? _lastBlock : FindBlock(process, number);

    private int FindBlock(ProcessPages process, ulong number)
    {
        if (!process.Blocks.TryGetValue(number, out var block))
        {
            process.Blocks.Add(number, block = NewBlock());
            if (++_blocks > BlocksMax)
                IsExact = false;
        }

        (_lastProcess, _lastBlock, _lastBlockNumber) = (process, block, number);
        return block;
    }

    /// <summary>A block without frames; unused ones are.</summary>
    private int NewBlock()
    {
        if (_unusedBlocks.TryPop(out var block))
            return block;
        if (_blocks == _chunks.Count * BlocksPerChunk)
            _chunks.Add(new Word[BlocksPerChunk * WordsPerBlock]);
        return _blocks;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<Word> WordsOf(int block) => _chunks[block / BlocksPerChunk].AsSpan(block % BlocksPerChunk * WordsPerBlock, WordsPerBlock);

    private static bool IsEmpty(ReadOnlySpan<Word> words)
    {
        foreach (ref readonly var bits in words)
        {
            if ((bits.Frames | bits.ZeroPage) != 0)
                return false;
        }

        return true;
    }

    private sealed class ProcessPages(uint number)
    {
        public uint Number { get; } = number;

        /// <summary>The blocks in which it has pages, by page number / 512: the pages of a page table.</summary>
        public Dictionary<ulong, int> Blocks { get; } = [];

        /// <summary>Whether pages said to map the zero page may not have been copied when the process was forked.</summary>
        public bool MayLackZeroPages { get; set; }
    }

    /// <summary>64 pages, one a bit.</summary>
    private struct Word
    {
        /// <summary>Pages that map a frame of memory.</summary>
        public ulong Frames;

        /// <summary>Pages that map the zero page.</summary>
        public ulong ZeroPage;

        /// <summary>Frames that other processes map, too, or did.</summary>
        public ulong Shared;

        /// <summary>Low bit of a frame's <see cref="PageContent"/>.</summary>
        public ulong ContentLow;

        /// <summary>High bit of a frame's <see cref="PageContent"/>.</summary>
        public ulong ContentHigh;

        /// <summary>Pages of which the content is this one, if they map a frame.</summary>
        public readonly ulong Holding(PageContent content) =>
            (((int)content & 1) != 0 ? ContentLow : ~ContentLow) & (((int)content & 2) != 0 ? ContentHigh : ~ContentHigh);
    }
}
