using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Synthesis;

/// <summary>How a page is doing at the end of a step, and what it went through.</summary>
internal struct PageHistory
{
    public const short Never = -1;

    public bool IsPresent;

    /// <summary>Whether it is a page that a fork shares with another process: none of this one until it stores to it.</summary>
    public bool IsInherited;

    /// <summary>Whether it was accessed when it appeared.</summary>
    public bool IsBornAccessed;

    /// <summary>For a page that was there at first 1 + the number of its part of memory, otherwise 0.</summary>
    public byte Part;

    /// <summary>Steps since it appeared in which it was accessed, before this one.</summary>
    public short Uses;

    /// <summary>Those of them in which it was stored to.</summary>
    public short Stores;

    /// <summary>Whether the last of them was one.</summary>
    public bool WasStored;

    /// <summary>Whether there was a page here before that is gone.</summary>
    public bool WasPresent;

    /// <summary>Whether it was stored to in this step.</summary>
    public bool IsStored;

    /// <summary>Whether a load in this step is known.</summary>
    public bool IsLoaded;

    public PageContent Content;

    /// <summary>Content at the end of the step before.</summary>
    public PageContent ContentBefore;

    /// <summary>Step in which it appeared.</summary>
    public short Since;

    /// <summary>Step of the last access, or <see cref="Never"/>.</summary>
    public short Accessed;

    /// <summary>Step of the last access before this step.</summary>
    public short AccessedBefore;

    /// <summary>All it went through: equal for pages with the same history.</summary>
    public ulong Digest;
}

/// <summary>The pages of a process in address order, in blocks of 512.</summary>
internal sealed class ProcessHistory
{
    public const int PagesPerBlock = 512;

    private readonly SortedDictionary<ulong, PageHistory[]> _blocks = [];
    private PageHistory[]? _last;
    private ulong _lastNumber;

    /// <summary>Whether it exits before the trace ends.</summary>
    public required bool IsTransient { get; init; }

    /// <summary>Pages that ever appeared in it.</summary>
    public long Appeared { get; set; }

    public IEnumerable<KeyValuePair<ulong, PageHistory[]>> Blocks => _blocks;

    /// <summary>Shares all pages of the process that forks this one.</summary>
    public void Inherit(ProcessHistory parent)
    {
        foreach (var (number, pages) in parent._blocks)
            _blocks.Add(number, [.. pages.Select(page => new PageHistory { IsInherited = page.IsPresent || page.IsInherited })]);
    }

    public ref PageHistory this[ulong page]
    {
        get
        {
            var number = page / PagesPerBlock;
            if (_last is null || number != _lastNumber)
            {
                if (!_blocks.TryGetValue(number, out _last))
                    _blocks.Add(number, _last = new PageHistory[PagesPerBlock]);
                _lastNumber = number;
            }

            return ref _last[page % PagesPerBlock];
        }
    }

    /// <summary>Existing blocks that hold a page of a run; a huge run over nothing costs nothing.</summary>
    public IEnumerable<(ulong FirstPage, PageHistory[] Pages)> BlocksIn(ulong first, ulong end)
    {
        if ((end - first) / PagesPerBlock > (ulong)_blocks.Count)
            return [.. _blocks.Where(block => block.Key >= first / PagesPerBlock && block.Key <= (end - 1) / PagesPerBlock).Select(block => (block.Key * PagesPerBlock, block.Value))];
        var found = new List<(ulong, PageHistory[])>();
        for (var number = first / PagesPerBlock; number <= (end - 1) / PagesPerBlock; number++)
        {
            if (_blocks.TryGetValue(number, out var pages))
                found.Add((number * PagesPerBlock, pages));
        }

        return found;
    }
}
