using FleetEstimator.Paging;
using FleetEstimator.Recorder;
using Xunit;
using static FleetEstimator.Paging.OperationKind;

namespace FleetEstimator.Tests.Recorder;

public sealed class PageTransitionTests
{
    private static readonly PageSighting _nowhere = new(Presence.Nowhere);
    private static readonly PageSighting _zeroPage = new(Presence.ZeroPage);
    private static readonly PageSighting _inSwap = new(Presence.SwappedOut);
    private static readonly PageSighting _data = new(Presence.Mapped, PageContent.Data, 7);
    private static readonly PageSighting _otherData = new(Presence.Mapped, PageContent.Data, 8);
    private static readonly PageSighting _zeros = new(Presence.Mapped, PageContent.Zero);
    private static readonly PageSighting _notReadable = new(Presence.Mapped);

    private static readonly PageState _holdsZeroPage = new(Holding.ZeroPage, 0, false, false);
    private static readonly PageState _holdsData = new(Holding.Data, 7, false, false);
    private static readonly PageState _holdsZeros = new(Holding.Zeros, 0, false, false);
    private static readonly PageState _holdsUnknown = new(Holding.NotKnown, 0, false, false);

    private static PageState Out(PageState state) => state with { IsOut = true };

    [Fact]
    public void FollowsTheTable()
    {
        Assert.Equal("", Steps(default, _nowhere));
        Assert.Equal("Read", Steps(default, _zeroPage));
        Assert.Equal("Write Data", Steps(default, _data));
        Assert.Equal("Write Unknown", Steps(default, _notReadable));
        Assert.Equal("Write Unknown, out", Steps(default, _inSwap));

        Assert.Equal("discard", Steps(_holdsZeroPage, _nowhere));
        Assert.Equal("", Steps(_holdsZeroPage, _zeroPage));
        Assert.Equal("Write Zero", Steps(_holdsZeroPage, _zeros));
        Assert.Equal("Write Unknown", Steps(_holdsZeroPage, _notReadable));
        Assert.Equal("Write Unknown, out", Steps(_holdsZeroPage, _inSwap));

        Assert.Equal("discard", Steps(_holdsData, _nowhere));
        Assert.Equal("discard, Read", Steps(_holdsData, _zeroPage));
        Assert.Equal("", Steps(_holdsData, _data));
        Assert.Equal("Write Data", Steps(_holdsData, _otherData));
        Assert.Equal("Write Zero", Steps(_holdsData, _zeros));
        Assert.Equal("", Steps(_holdsData, _notReadable));
        Assert.Equal("out", Steps(_holdsData, _inSwap));

        Assert.Equal("discard", Steps(Out(_holdsData), _nowhere));
        Assert.Equal("discard, Read", Steps(Out(_holdsData), _zeroPage));
        Assert.Equal("Access Data", Steps(Out(_holdsData), _data));
        Assert.Equal("Write Data", Steps(Out(_holdsData), _otherData));
        Assert.Equal("Access Unknown", Steps(Out(_holdsData), _notReadable));
        Assert.Equal("", Steps(Out(_holdsData), _inSwap));

        Assert.Equal("discard", Steps(_holdsUnknown, _nowhere));
        Assert.Equal("discard, Read", Steps(_holdsUnknown, _zeroPage));
        Assert.Equal("Observe Data", Steps(_holdsUnknown, _data));
        Assert.Equal("", Steps(_holdsUnknown, _notReadable));
        Assert.Equal("out", Steps(_holdsUnknown, _inSwap));

        Assert.Equal("discard", Steps(Out(_holdsUnknown), _nowhere));
        Assert.Equal("discard, Read", Steps(Out(_holdsUnknown), _zeroPage));
        Assert.Equal("Access Data", Steps(Out(_holdsUnknown), _data));
        Assert.Equal("Access Unknown", Steps(Out(_holdsUnknown), _notReadable));
        Assert.Equal("", Steps(Out(_holdsUnknown), _inSwap));
    }

    [Fact]
    public void AnAccessSourceTellsWhatContentsDoNot()
    {
        // Same content: only the source knows.
        Assert.Equal("Write Data", Steps(_holdsData, _data with { Use = PageUse.Written }));
        Assert.Equal("Read", Steps(_holdsData, _data with { Use = PageUse.Read }));
        Assert.Equal("Access Data", Steps(_holdsData, _data with { Use = PageUse.Accessed }));
        Assert.Equal("", Steps(_holdsData, _data with { Use = PageUse.Untouched }));

        // Other content is a write whatever the source says: it may have begun to watch late.
        foreach (var use in Enum.GetValues<PageUse>())
        {
            Assert.Equal("Write Data", Steps(_holdsData, _otherData with { Use = use }));
            Assert.Equal("Write Data", Steps(default, _data with { Use = use }));
        }

        // Back from swap: it was accessed, and the source may know how.
        Assert.Equal("Read", Steps(Out(_holdsData), _data with { Use = PageUse.Read }));
        Assert.Equal("Write Data", Steps(Out(_holdsData), _data with { Use = PageUse.Written }));
        Assert.Equal("Access Data", Steps(Out(_holdsData), _data with { Use = PageUse.Untouched }));

        // Written and then swapped out: what it holds is not known any more.
        Assert.Equal("Write Unknown, out", Steps(_holdsData, _inSwap with { Use = PageUse.Written }));
        Assert.Equal("Write Unknown, out", Steps(Out(_holdsData), _inSwap with { Use = PageUse.Written }));
        Assert.Equal(Holding.NotKnown, PageTransition.Between(in _holdsData, _inSwap with { Use = PageUse.Written }, Write).After.Holding);

        // Not readable, or not seen before.
        Assert.Equal("Write Unknown", Steps(_holdsData, _notReadable with { Use = PageUse.Written }));
        Assert.Equal("Access Unknown", Steps(_holdsData, _notReadable with { Use = PageUse.Accessed }));
        Assert.Equal("Read", Steps(_holdsData, _notReadable with { Use = PageUse.Read }));
        Assert.Equal("Write Data", Steps(_holdsUnknown, _data with { Use = PageUse.Written }));
        Assert.Equal("Access Data", Steps(_holdsUnknown, _data with { Use = PageUse.Read }));
        Assert.Equal("Observe Data", Steps(_holdsUnknown, _data with { Use = PageUse.Untouched }));
    }

    [Fact]
    public void APageIsWatchedFromTheLookOnThatBeganIt_UntilItLeaves()
    {
        var watched = PageTransition.Between(in _holdsData, _data with { IsWatched = true }, Write).After;

        Assert.True(watched.IsWatched);
        Assert.False(PageTransition.Between(in watched, in _data, Write).After.IsWatched);
        Assert.False(PageTransition.Between(in watched, in _inSwap, Write).After.IsWatched);
        Assert.False(PageTransition.Between(in watched, in _zeroPage, Write).After.IsWatched);
    }

    [Fact]
    public void ZerosThatTurnIntoTheZeroPage_AreTheProgramsDoing_UnlessOfAHugePageOrSwappedIn()
    {
        Assert.Equal("discard, Read", Steps(_holdsZeros, _zeroPage));
        Assert.Equal("", Steps(_holdsZeros with { IsHuge = true }, _zeroPage));
        Assert.Equal("Read", Steps(Out(_holdsZeros), _zeroPage));
    }

    [Fact]
    public void PagesStayPartOfAHugePage_AfterItsMappingIsSplit()
    {
        var seenHuge = PageTransition.Between(default, _zeros with { IsHuge = true }, Write).After;
        var seenSplit = PageTransition.Between(in seenHuge, in _zeros, Write).After;
        var seenZeroPage = PageTransition.Between(in seenSplit, in _zeroPage, Write);

        Assert.True(seenSplit.IsHuge);
        Assert.Null(seenZeroPage.Change);
        Assert.Equal(Holding.Zeros, seenZeroPage.After.Holding);
    }

    [Fact]
    public void AFirstSnapshotObserves()
    {
        Assert.Equal(Observe, PageTransition.Between(default, in _data, Observe).Change);
        Assert.Equal(Observe, PageTransition.Between(default, in _inSwap, Observe).Change);
        Assert.Equal(Read, PageTransition.Between(default, in _zeroPage, Observe).Change);
    }

    [Fact]
    public void NothingHappens_WhenTheSameIsSeenTwice()
    {
        foreach (var seen in (PageSighting[])[_nowhere, _zeroPage, _inSwap, _data, _zeros, _notReadable])
        {
            foreach (var before in (PageState[])[default, _holdsZeroPage, _holdsData, Out(_holdsData), _holdsZeros, _holdsUnknown, Out(_holdsUnknown)])
            {
                var after = PageTransition.Between(in before, in seen, Write).After;
                Assert.Equal(new PageTransition(false, null, PageContent.Unknown, false, after), PageTransition.Between(in after, in seen, Write));
            }
        }
    }

    private static string Steps(PageState before, PageSighting seen)
    {
        var transition = PageTransition.Between(in before, in seen, Write);
        var change = transition.Change is Read ? "Read" : transition.Change is { } kind ? $"{kind} {transition.Content}" : null;
        return string.Join(", ", new[] { transition.IsDiscarded ? "discard" : null, change, transition.IsSwappedOut ? "out" : null }.Where(step => step is not null));
    }
}
