using CsCheck;
using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class PageStatesTests
{
    // Around the edges of leaves, and far apart.
    private static readonly Gen<ulong> _page = Gen.OneOf(Gen.ULong[0, 20], Gen.ULong[500, 530], Gen.ULong[1020, 1030], Gen.ULong[1UL << 40, (1UL << 40) + 5]);

    private static readonly Gen<PageState> _state =
        from holding in Gen.Enum<Holding>()
        from value in Gen.ULong
        from isOut in Gen.Bool
        from isHuge in Gen.Bool
        select holding == Holding.Nothing ? default : new PageState(holding, value, isOut, isHuge);

    [Fact]
    public void BehavesAsADictionary() =>
        Gen.Select(
                Gen.OneOf(
                    Gen.Select(_page, _state).Select<(ulong Page, PageState State), (ulong Start, ulong End, PageState? State)>(set => (set.Page, set.Page + 1, set.State)),
                    Gen.Select(_page, Gen.ULong[1, 600]).Select<(ulong Page, ulong Pages), (ulong Start, ulong End, PageState? State)>(clear => (clear.Page, clear.Page + clear.Pages, null)))
                    .List[0, 60],
                _page)
            .Sample((steps, probe) =>
            {
                var states = new PageStates();
                var naive = new SortedDictionary<ulong, PageState>();
                foreach (var (start, end, state) in steps)
                {
                    if (state is { } set)
                    {
                        states[start] = set;
                        _ = naive.Remove(start);
                        if (set.Holding != Holding.Nothing)
                            naive[start] = set;
                    }
                    else
                    {
                        states.Clear(new PageRange(start, end));
                        foreach (var page in naive.Keys.Where(page => page >= start && page < end).ToArray())
                            _ = naive.Remove(page);
                    }
                }

                var copy = states.Clone();
                states[probe] = default;
                Assert.Equal(naive.GetValueOrDefault(probe), copy[probe]);
                Assert.Equal(naive, Held(copy));
                Assert.Equal(naive.Where(entry => entry.Key != probe), Held(states));
                var range = new PageRange(probe, probe + 40);
                Assert.Equal(naive.Keys.Where(page => page >= range.Start && page < range.End).Append(range.End).First(), copy.FirstHeld(range));
            });

    private static List<KeyValuePair<ulong, PageState>> Held(PageStates states)
    {
        var held = new List<KeyValuePair<ulong, PageState>>();
        var range = new PageRange(0, 1UL << 41);
        for (var page = states.FirstHeld(range); page < range.End; page = states.FirstHeld(range with { Start = page + 1 }))
            held.Add(new(page, states[page]));
        return held;
    }
}
