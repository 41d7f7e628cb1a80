using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace FleetEstimator.Estimation;

/// <summary>
/// A simple random sample without replacement by permanent random numbers (Ohlsson 1995): every node has a number that follows from the seed and its
/// label, and the nodes with the smallest are drawn. A larger sample holds the smaller one, and nodes that join or leave the fleet change no other's turn.
/// </summary>
public static class NodeDraw
{
    /// <summary>Draws nodes of one class.</summary>
    /// <param name="nodes">Their labels, all different.</param>
    /// <param name="count">How many to draw, at most as many as there are.</param>
    /// <param name="seed">Seed; another one draws another sample, independently.</param>
    /// <returns>The nodes drawn, in the order in which they were.</returns>
    public static IReadOnlyList<string> Draw(IEnumerable<string> nodes, int count, ulong seed) =>
        [.. nodes.OrderBy(node => NumberOf(node, seed)).ThenBy(node => node, StringComparer.Ordinal).Take(count)];

    // A hash whose every output is as likely, whatever regularities labels have.
    private static UInt128 NumberOf(string node, ulong seed)
    {
        var label = Encoding.UTF8.GetBytes(node);
        var keyed = new byte[sizeof(ulong) + label.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(keyed, seed);
        label.CopyTo(keyed, sizeof(ulong));
        return BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(keyed));
    }
}
