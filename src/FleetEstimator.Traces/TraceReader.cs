using System.Security.Cryptography;
using FleetEstimator.Traces.Ipc;

namespace FleetEstimator.Traces;

/// <summary>
/// Reads a trace file in the order that lets every check come before the memory it guards: the file's frame, the footer, header and columns, the
/// metadata of all record batches, and only then the columns themselves and, last, the rows' own rules.
/// </summary>
internal static class TraceReader
{
    public const string SplitRemedy = "Split the recording into several files of the same node";

    private const string DamageRemedy = "The file is damaged; record or copy it again";

    /// <summary>Reads a trace into memory; <paramref name="path"/> is what the user calls the file, for messages.</summary>
    public static Trace Load(string file, string path, TraceLimits limits)
    {
        var part = new TracePart();
        return Guard(path, part, () =>
        {
            using var stream = Open(file, path, limits);
            var bytes = GC.AllocateUninitializedArray<byte>((int)stream.Length);
            stream.ReadExactly(bytes);
            return Parse(path, bytes, limits, part);
        });
    }

    /// <summary>Reads a trace whose bytes are in memory already; <paramref name="path"/> is for messages.</summary>
    internal static Trace Load(string path, byte[] bytes, TraceLimits limits)
    {
        var part = new TracePart();
        return Guard(path, part, () => Parse(path, bytes, limits, part));
    }

    /// <summary>Whatever a bad file sets off in <paramref name="read"/> leaves here as a <see cref="TraceException"/>.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="part">What is being read when it happens.</param>
    /// <param name="read">Reads.</param>
    internal static T Guard<T>(string path, TracePart part, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is not TraceException)
        {
            var (problem, remedy) = exception switch
            {
                InvalidDataException => (exception.Message, DamageRemedy),
                OutOfMemoryException => ("there is not enough memory for it", SplitRemedy),
                IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException =>
                    ($"the file cannot be read: {exception.Message.TrimEnd('.')}", "Give the path of a trace file that can be read"),
                _ => ($"its contents cannot be decoded ({exception.GetType().Name}: {exception.Message.TrimEnd('.')})", DamageRemedy),
            };
            throw new TraceException(path, null, part.Name, problem, remedy, exception);
        }
    }

    /// <summary>Opens a file that is not too long to be read; <paramref name="path"/> is for messages.</summary>
    internal static FileStream Open(string file, string path, TraceLimits limits)
    {
        if (Directory.Exists(file))
            throw new TraceException(path, null, null, "this is a folder", "Give the path of a trace file, or a pattern such as FOLDER/*.arrow");
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var greatest = Math.Min(limits.FileBytesMax, Array.MaxLength);
        if (stream.Length <= greatest)
            return stream;
        var length = stream.Length;
        stream.Dispose();
        throw new TraceException(path, null, null, $"the file has {length} bytes, more than the limit of {greatest}", SplitRemedy);
    }

    /// <summary>Refuses what is no whole Arrow file, see <see cref="ArrowFile.Mismatch"/>.</summary>
    internal static void RequireArrow(string path, ReadOnlySpan<byte> file)
    {
        if (ArrowFile.Mismatch(file) is var (problem, remedy))
            throw new TraceException(path, null, null, problem, remedy);
    }

    /// <summary>The header of a file and where its columns are.</summary>
    internal static (TraceHeader Header, ArrowColumn[] Columns) ReadSchema(string path, ArrowSchema schema) =>
        schema.IsBigEndian == BitConverter.IsLittleEndian
            ? throw new TraceException(
                path, null, "schema", "numbers are stored in the opposite byte order of this machine", "Write the file on a machine of the same byte order")
            : (TraceMetadata.Read(schema.Metadata, path), TraceColumns.Locate(schema, path));

    /// <summary>Holds rows against the rules; <paramref name="firstRow"/> is for messages.</summary>
    internal static void Validate(string path, TraceRules rules, TraceArrays columns, int rows, long firstRow)
    {
        for (var row = 0; row < rows; row++)
        {
            var operation = columns[row];
            if (rules.Take(columns.Times[row], in operation) is { } fault)
                throw new TraceException(path, firstRow + row, fault.Field, fault.Problem, fault.Remedy);
        }
    }

    private static Trace Parse(string path, byte[] bytes, TraceLimits limits, TracePart part)
    {
        RequireArrow(path, bytes);
        part.Name = "footer";
        var file = ArrowFile.Read(bytes);
        var (header, columns) = ReadSchema(path, file.Schema);
        using var reader = new TraceBatchReader(path, limits, columns, part);
        var batches = new List<RecordBatchLayout>();
        foreach (var block in file.Batches)
            batches.Add(reader.Layout(bytes, block, batches.Count));

        var arrays = new TraceArrays(batches.Sum(batch => batch.Rows));
        var first = 0;
        for (var index = 0; index < batches.Count; index++)
        {
            reader.CopyTo(batches[index], index, first, arrays, first);
            first += batches[index].Rows;
        }

        var rules = new TraceRules(header.PageSize, limits.MappingsMax);
        Validate(path, rules, arrays, arrays.Times.Length, firstRow: 0);
        // Of keys that the format knows there is one each; of others that repeat the last stands.
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in file.Schema.Metadata)
            metadata[key] = value;
        return new(path, Convert.ToHexStringLower(SHA256.HashData(bytes)), header, metadata, arrays, rules.LiveProcesses);
    }
}
