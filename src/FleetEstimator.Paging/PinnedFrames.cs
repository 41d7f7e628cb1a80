namespace FleetEstimator.Paging;

/// <summary>
/// Long-term GUP pins of one kernel. A pin is asked for by process and page but holds the frame found there: when the page is unmapped, the frame
/// lives on until its last pin ends. Pins of a page nest and end in the order in which they were taken. Sparse: nothing is kept of pages not pinned.
/// </summary>
internal sealed class PinnedFrames
{
    private readonly Dictionary<FolioKey, Frame> _mapped = [];
    private readonly Dictionary<(uint Process, ulong Page), Queue<Frame>> _pins = [];

    /// <summary>Frames that no entry maps and only pins keep; a large folio counts all its pages.</summary>
    public long UnmappedFrames { get; private set; }

    /// <summary>Folios that are mapped and pinned, for checks.</summary>
    public IEnumerable<FolioKey> Mapped => _mapped.Keys;

    /// <summary>Whether a mapped folio is pinned (folio_maybe_dma_pinned).</summary>
    public bool Holds(FolioKey folio) => _mapped.Count > 0 && _mapped.ContainsKey(folio);

    /// <summary>One more pin on the folio that the page maps.</summary>
    public void Add(uint process, ulong page, FolioKey folio)
    {
        if (!_mapped.TryGetValue(folio, out var frame))
            _mapped.Add(folio, frame = new Frame(folio));
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
        UnmappedFrames += folio.Pages;
    }

    /// <summary>Content has changed while the page maps the zero page: whether a pin on the frame that was replaced let it. Answers once.</summary>
    public bool TakeStoreThroughPin(uint process, ulong page)
    {
        if (!_pins.TryGetValue((process, page), out var pins) || pins.FirstOrDefault(frame => frame.IsReplaced) is not { } replaced)
            return false;
        replaced.IsReplaced = false;
        return true;
    }

    /// <summary>Recounts what is kept: <see cref="UnmappedFrames"/>, and whether pins and frames agree.</summary>
    public (long UnmappedFrames, bool Consistent) Recount()
    {
        var pins = _pins.Values.SelectMany(queue => queue).GroupBy(frame => frame).ToList();
        var consistent = pins.TrueForAll(frame => frame.Key.Pins == frame.Count() && frame.Key.IsMapped == (_mapped.GetValueOrDefault(frame.Key.Folio) == frame.Key))
            && pins.Count(frame => frame.Key.IsMapped) == _mapped.Count;
        return (pins.Where(frame => !frame.Key.IsMapped).Sum(frame => (long)frame.Key.Folio.Pages), consistent);
    }

    private void Release(Frame frame)
    {
        if (--frame.Pins > 0)
            return;
        if (frame.IsMapped)
            _mapped.Remove(frame.Folio);
        else
            UnmappedFrames -= frame.Folio.Pages;
    }

    private sealed class Frame(FolioKey folio)
    {
        /// <summary>The folio, as named while it was mapped.</summary>
        public FolioKey Folio { get; } = folio;

        public int Pins { get; set; }

        public bool IsMapped { get; set; } = true;

        public bool IsReplaced { get; set; }
    }
}
