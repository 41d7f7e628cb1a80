namespace FleetEstimator.Paging;

/// <summary>
/// Long-term GUP pins of one kernel. A pin is asked for by process and page but holds the frame found there: when the page is unmapped, the frame
/// lives on until its last pin ends. Pins of a page nest and end in the order in which they were taken. Sparse: nothing is kept of pages not pinned.
/// </summary>
internal sealed class PinnedFrames(int groups)
{
    private readonly long[] _unmapped = new long[groups];
    private readonly Dictionary<FolioKey, Frame> _mapped = [];
    private readonly Dictionary<(uint Process, ulong Page), Queue<Frame>> _pins = [];

    /// <summary>Frames that no entry maps and only pins keep; a large folio counts all its pages.</summary>
    public long UnmappedFrames { get; private set; }

    /// <summary>Those of them that are charged to a memory group.</summary>
    public long UnmappedFramesOf(int group) => _unmapped[group];

    /// <summary>Folios that are mapped and pinned, for checks.</summary>
    public IEnumerable<FolioKey> Mapped => _mapped.Keys;

    /// <summary>Whether a mapped folio is pinned (folio_maybe_dma_pinned).</summary>
    public bool Holds(FolioKey folio) => _mapped.Count > 0 && _mapped.ContainsKey(folio);

    /// <summary>One more pin on the folio that the page maps, which is charged to <paramref name="group"/>.</summary>
    public void Add(uint process, ulong page, FolioKey folio, int group)
    {
        if (!_mapped.TryGetValue(folio, out var frame))
            _mapped.Add(folio, frame = new Frame(folio, group));
        frame.Pins++;
        if (!_pins.TryGetValue((process, page), out var pins))
            _pins.Add((process, page), pins = new Queue<Frame>());
        pins.Enqueue(frame);
    }

    /// <summary>Ends the oldest pin of a page, if it has any.</summary>
    public void End(uint process, ulong page)
    {
        if (!_pins.TryGetValue((process, page), out var pins))
            return;
        Release(pins.Dequeue());
        if (pins.Count == 0)
            _pins.Remove((process, page));
    }

    /// <summary>Ends every pin of a process that is gone: the files through which it pinned are closed with it.</summary>
    public void EndAll(uint process)
    {
        if (_pins.Count == 0)
            return;
        foreach (var page in _pins.Keys.Where(page => page.Process == process).ToList())
        {
            foreach (var frame in _pins[page])
                Release(frame);
            _pins.Remove(page);
        }
    }

    /// <summary>The last entry that maps a folio goes; pinned frames live on.</summary>
    /// <param name="folio">The folio.</param>
    /// <param name="replaced">Whether the zero page has taken its place, so that the process cannot see what is stored through the pin.</param>
    public void Unmapped(FolioKey folio, bool replaced = false)
    {
        if (_mapped.Count == 0 || !_mapped.Remove(folio, out var frame))
            return;
        (frame.IsMapped, frame.IsReplaced) = (false, replaced);
        CountUnmapped(frame, folio.Pages);
    }

    /// <summary>Content has changed while the page maps the zero page: whether a pin on the frame that was replaced let it. Answers once.</summary>
    public bool TakeStoreThroughPin(uint process, ulong page)
    {
        if (!_pins.TryGetValue((process, page), out var pins) || pins.FirstOrDefault(frame => frame.IsReplaced) is not { } replaced)
            return false;
        replaced.IsReplaced = false;
        return true;
    }

    /// <summary>Recounts the unmapped frames; false if they, or pins and the frames they hold, disagree.</summary>
    public bool IsConsistent()
    {
        var frames = _pins.Values.SelectMany(pins => pins).GroupBy(frame => frame).ToList();
        var unmapped = frames.Where(frame => !frame.Key.IsMapped).ToLookup(frame => frame.Key.Group, frame => (long)frame.Key.Folio.Pages);
        return frames.TrueForAll(frame => frame.Key.Pins == frame.Count() && frame.Key.IsMapped == (_mapped.GetValueOrDefault(frame.Key.Folio) == frame.Key))
            && frames.Count(frame => frame.Key.IsMapped) == _mapped.Count
            && UnmappedFrames == _unmapped.Sum()
            && _unmapped.Index().All(group => group.Item == unmapped[group.Index].Sum());
    }

    private void Release(Frame frame)
    {
        if (--frame.Pins > 0)
            return;
        if (frame.IsMapped)
            _mapped.Remove(frame.Folio);
        else
            CountUnmapped(frame, -frame.Folio.Pages);
    }

    private void CountUnmapped(Frame frame, int pages)
    {
        _unmapped[frame.Group] += pages;
        UnmappedFrames += pages;
    }

    private sealed class Frame(FolioKey folio, int group)
    {
        /// <summary>The folio, as named while it was mapped.</summary>
        public FolioKey Folio { get; } = folio;

        public int Group { get; } = group;

        public int Pins { get; set; }

        public bool IsMapped { get; set; } = true;

        public bool IsReplaced { get; set; }
    }
}
