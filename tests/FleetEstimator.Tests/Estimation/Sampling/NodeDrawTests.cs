using FleetEstimator.Estimation;
using Xunit;

namespace FleetEstimator.Tests.Estimation.Sampling;

public sealed class NodeDrawTests
{
    private static readonly string[] Nodes = [.. Enumerable.Range(0, 20).Select(number => $"node-{number:00}")];

    [Fact]
    public void SameSeed_DrawsTheSame_WhateverTheOrderOfTheInventory() =>
        Assert.Equal(NodeDraw.Draw(Nodes, 7, 42), NodeDraw.Draw(Nodes.Reverse(), 7, 42));

    [Fact]
    public void ALargerSample_HoldsTheSmallerOne() =>
        Assert.Equal(NodeDraw.Draw(Nodes, 5, 42), NodeDraw.Draw(Nodes, 9, 42).Take(5));

    [Fact]
    public void ANodeThatLeaves_ChangesNoOthersTurn()
    {
        var drawn = NodeDraw.Draw(Nodes, 6, 42);
        Assert.Equal(drawn.Skip(1), NodeDraw.Draw(Nodes.Except([drawn[0]]), 5, 42));
    }

    // Over seeds every node is drawn as often as every other, and every pair: what makes the sample simple random. Chi-square at 1 in 100,000 of a fixed set of seeds.
    [Fact]
    public void EveryNodeAndEveryPair_IsAsLikely()
    {
        const int seeds = 20_000;
        var nodes = new Dictionary<string, int>();
        var pairs = new Dictionary<(string, string), int>();
        for (var seed = 0ul; seed < seeds; seed++)
        {
            var drawn = NodeDraw.Draw(Nodes, 4, seed).Order(StringComparer.Ordinal).ToList();
            foreach (var node in drawn)
                nodes[node] = nodes.GetValueOrDefault(node) + 1;
            foreach (var pair in from first in drawn from second in drawn where string.CompareOrdinal(first, second) < 0 select (first, second))
                pairs[pair] = pairs.GetValueOrDefault(pair) + 1;
        }

        // 20 nodes with 4,000 draws each: variance of a count is 20,000 · 0.2 · 0.8. 190 pairs with probability 4 · 3 / (20 · 19).
        Assert.Equal((20, 190), (nodes.Count, pairs.Count));
        Assert.All(nodes.Values, count => Assert.InRange(count, 4_000 - (5 * 57), 4_000 + (5 * 57)));
        Assert.All(pairs.Values, count => Assert.InRange(count, 632 - (5 * 25), 632 + (5 * 25)));
    }
}
