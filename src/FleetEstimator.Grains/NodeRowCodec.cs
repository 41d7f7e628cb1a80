using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FleetEstimator.Estimation;
using FleetEstimator.Paging;

namespace FleetEstimator.Grains;

/// <summary>
/// Rows as bytes, as nodes send them and shards keep them: a few hundred bytes a node, where JSON takes thousands and much longer. Whole numbers of any size take as many bytes as they
/// need. Read by the build that wrote it only (<see cref="StudyPlan.Id"/> differs from build to build), so there is no version.
/// </summary>
internal static class NodeRowCodec
{
    /// <summary>A row as bytes.</summary>
    public static byte[] Encode(NodeRow row)
    {
        var bytes = new MemoryStream(512);
        using var writer = new BinaryWriter(bytes);
        writer.Write7BitEncodedInt64(row.Ordinal);
        writer.Write(row.Result is null);
        if (row.Result is { } result)
            Write(writer, result);
        else
            writer.Write(row.Failure!);
        return bytes.ToArray();
    }

    /// <summary>The row that these bytes are.</summary>
    public static NodeRow Decode(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        var ordinal = reader.Read7BitEncodedInt64();
        return reader.ReadBoolean() ? new(ordinal, null, reader.ReadString()) : new(ordinal, ReadResult(reader), null);
    }

    /// <summary>Which node a row is of, without reading the rest; and whether it could not be simulated.</summary>
    public static (long Ordinal, bool HasFailed) Peek(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false));
        return (reader.Read7BitEncodedInt64(), reader.ReadBoolean());
    }

    private static void Write(BinaryWriter writer, NodeResult node)
    {
        writer.Write7BitEncodedInt(node.Class);
        writer.Write7BitEncodedInt64(node.Node);
        writer.Write7BitEncodedInt(node.Recording);
        writer.Write7BitEncodedInt(node.Instances);
        writer.Write7BitEncodedInt64(node.MeasuredMicroseconds);
        writer.Write7BitEncodedInt64(node.LimitBytes);
        writer.Write7BitEncodedInt(node.PageSizeBytes);
        writer.Write(node.SamplingFraction);
        writer.Write7BitEncodedInt(node.Lanes.Count);
        foreach (var lane in node.Lanes)
            Write(writer, lane);
        writer.Write7BitEncodedInt(node.Halves.Count);
        foreach (var half in node.Halves)
            Write(writer, half);
    }

    private static NodeResult ReadResult(BinaryReader reader)
    {
        var (@class, node, recording, instances) = (reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt());
        var (measured, limit) = (reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());
        var (pageSize, fraction) = (reader.Read7BitEncodedInt(), reader.ReadDouble());
        var lanes = ReadList(reader, ReadLane);
        return new(@class, node, recording, instances, measured, limit, lanes) { PageSizeBytes = pageSize, SamplingFraction = fraction, Halves = ReadList(reader, ReadResult) };
    }

    private static void Write(BinaryWriter writer, LaneResult lane)
    {
        writer.Write7BitEncodedInt(lane.Mechanism);
        writer.Write((byte)lane.Accesses);
        writer.Write(lane.ExceedsBoundUnlimited);
        writer.Write7BitEncodedInt64(lane.RssMeanBytes);
        writer.Write7BitEncodedInt64(lane.RssPeakBytes);
        writer.Write7BitEncodedInt64(lane.MemoryMeanBytes);
        writer.Write7BitEncodedInt64(lane.MemoryPeakBytes);
        writer.Write7BitEncodedInt64(lane.ZeroFilledResidentMeanBytes);
        writer.Write7BitEncodedInt64(lane.SwapSlotsMeanPages);
        writer.Write7BitEncodedInt64(lane.SwapHiddenMeanPages);
        writer.Write7BitEncodedInt64(lane.SmallestLimitBytes);
        writer.Write7BitEncodedInt64(lane.CpuNanoseconds);
        writer.Write7BitEncodedInt64(lane.FaultNanoseconds);
        var counters = lane.Counters;
        foreach (var counter in AsNumbers(ref counters))
            writer.Write7BitEncodedInt64(counter);
    }

    private static LaneResult ReadLane(BinaryReader reader)
    {
        var lane = new LaneResult
        {
            Mechanism = reader.Read7BitEncodedInt(),
            Accesses = (AccessAssumption)reader.ReadByte(),
            ExceedsBoundUnlimited = reader.ReadBoolean(),
            RssMeanBytes = reader.Read7BitEncodedInt64(),
            RssPeakBytes = reader.Read7BitEncodedInt64(),
            MemoryMeanBytes = reader.Read7BitEncodedInt64(),
            MemoryPeakBytes = reader.Read7BitEncodedInt64(),
            ZeroFilledResidentMeanBytes = reader.Read7BitEncodedInt64(),
            SwapSlotsMeanPages = reader.Read7BitEncodedInt64(),
            SwapHiddenMeanPages = reader.Read7BitEncodedInt64(),
            SmallestLimitBytes = reader.Read7BitEncodedInt64(),
            CpuNanoseconds = reader.Read7BitEncodedInt64(),
            FaultNanoseconds = reader.Read7BitEncodedInt64(),
        };
        var counters = default(Counters);
        foreach (ref var counter in AsNumbers(ref counters))
            counter = reader.Read7BitEncodedInt64();
        return lane with { Counters = counters };
    }

    private static T[] ReadList<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        var items = new T[reader.Read7BitEncodedInt()];
        for (var index = 0; index < items.Length; index++)
            items[index] = read(reader);
        return items;
    }

    // Counters hold nothing but 64-bit numbers; whatever is added to them is taken along.
    private static Span<long> AsNumbers(ref Counters counters) => MemoryMarshal.CreateSpan(ref Unsafe.As<Counters, long>(ref counters), Unsafe.SizeOf<Counters>() / sizeof(long));
}
