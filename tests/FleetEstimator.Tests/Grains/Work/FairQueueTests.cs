using FleetEstimator.Grains;
using Xunit;

namespace FleetEstimator.Tests.Grains.Work;

public sealed class FairQueueTests : IDisposable
{
    private readonly FairQueue<string> _queue = new();

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task PartiesGetTheSameTime_HoweverLongTheirItemsTake()
    {
        _queue.Add("heavy", [.. Enumerable.Repeat("heavy", 100)]);
        _queue.Add("light", [.. Enumerable.Repeat("light", 1000)]);

        var used = new Dictionary<string, int> { ["heavy"] = 0, ["light"] = 0 };
        for (var taken = 0; taken < 500; taken++)
        {
            var party = await _queue.Take(TestContext.Current.CancellationToken);
            var time = party == "heavy" ? 1000 : 10;
            _queue.Charge(party, time);
            used[party] += time;
        }

        Assert.InRange(used["heavy"] - used["light"], -1000, 1000);
    }

    [Fact]
    public async Task PartyThatComesLate_StartsLevel_NotAhead()
    {
        _queue.Add("old", [.. Enumerable.Repeat("old", 10)]);
        for (var taken = 0; taken < 5; taken++)
            _queue.Charge(await _queue.Take(TestContext.Current.CancellationToken), 1000);

        _queue.Add("new", [.. Enumerable.Repeat("new", 10)]);
        var next = new List<string>();
        for (var taken = 0; taken < 6; taken++)
        {
            next.Add(await _queue.Take(TestContext.Current.CancellationToken));
            _queue.Charge(next[^1], 1000);
        }

        Assert.Equal(3, next.Count(party => party == "new"));
    }

    [Fact]
    public async Task TakerThatWaits_GetsWhatIsAdded()
    {
        var taking = _queue.Take(TestContext.Current.CancellationToken);
        Assert.False(taking.IsCompleted);

        _queue.Add("party", ["item"]);

        Assert.Equal("item", await taking);
    }

    [Fact]
    public async Task PartyThatLeaves_IsServedToItsLastItem()
    {
        _queue.Add("party", ["first", "last"]);

        _queue.Leave("party");

        Assert.Equal("first", await _queue.Take(TestContext.Current.CancellationToken));
        Assert.Equal("last", await _queue.Take(TestContext.Current.CancellationToken));
    }
}
