using System.Security.Cryptography;
using FleetEstimator.Paging;
using FleetEstimator.Traces.Ipc;

namespace FleetEstimator.Traces;

/// <summary>
/// Reads a trace file in the order that lets every check come before the memory it guards: the file's frame, the footer, header and columns, the
/// metadata of all record batches, and only then the columns themselves and, last, the rows' own rules.
/// </summary>
internal sealed class TraceReader
{
    private const string DamageRemedy = "The file is damaged; record or copy it again";
    private const string SplitRemedy = "Split the recording into several files of the same node";

    private readonly string _path;
    private readonly TraceLimits _limits;

    // What is being read, for the message if it turns out to be damaged.
    private string? _part;

    private TraceReader(string path, TraceLimits limits)
    {
        _path = path;
        _limits = limits;
    }

    /// <summary>Reads a trace. This is the one place where whatever a bad file sets off becomes a <see cref="TraceException"/>.</summary>
    public static Trace Load(string path, TraceLimits limits) => Load(path, limits, reader => reader.ReadWhole());

    /// <summary>Reads a trace whose bytes are in memory already; <paramref name="path"/> is for messages.</summary>
    internal static Trace Load(string path, byte[] bytes, TraceLimits limits) => Load(path, limits, _ => bytes);

    private static Trace Load(string path, TraceLimits limits, Func<TraceReader, byte[]> source)
    {
        var reader = new TraceReader(path, limits);
        try
        {
            return reader.Parse(source(reader));
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
            throw new TraceException(path, null, reader._part, problem, remedy, exception);
        }
    }

    private Trace Parse(byte[] bytes)
    {
        if (ArrowFile.Mismatch(bytes) is var (problem, remedy))
            throw new TraceException(_path, null, null, problem, remedy);
        _part = "footer";
        var file = ArrowFile.Read(bytes);
        if (file.Schema.IsBigEndian == BitConverter.IsLittleEndian)
        {
            throw new TraceException(
                _path, null, "schema", "numbers are stored in the opposite byte order of this machine", "Write the file on a machine of the same byte order");
        }

        var header = TraceMetadata.Read(file.Schema.Metadata, _path);
        var columns = TraceColumns.Locate(file.Schema, _path);
        using var reader = new ColumnReader(bytes);
        var batches = ReadLayouts(bytes, file, columns, reader);
        var arrays = ReadArrays(batches, reader);
        return new(_path, Convert.ToHexStringLower(SHA256.HashData(bytes)), header, arrays, Validate(header, arrays));
    }

    private byte[] ReadWhole()
    {
        if (Directory.Exists(_path))
            throw new TraceException(_path, null, null, "this is a folder", "Give the path of a trace file, or a pattern such as FOLDER/*.arrow");
        using var stream = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var length = stream.Length;
        var greatest = Math.Min(_limits.FileBytesMax, Array.MaxLength);
        if (length > greatest)
        {
            throw new TraceException(
                _path, null, null, $"the file has {length} bytes, more than the limit of {greatest}", SplitRemedy);
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        stream.ReadExactly(bytes);
        return bytes;
    }

    private List<RecordBatchLayout> ReadLayouts(byte[] bytes, ArrowFile file, ArrowColumn[] columns, ColumnReader reader)
    {
        var layouts = new List<RecordBatchLayout>();
        long rows = 0;
        for (var index = 0; index < file.Batches.Count; index++)
        {
            _part = $"record batch {index}";
            var layout = RecordBatchLayout.Read(bytes, file.Batches[index], columns);
            rows += layout.Rows;
            CheckSizes(layout, rows, reader);
            layouts.Add(layout);
        }

        return layouts;
    }

    private void CheckSizes(RecordBatchLayout layout, long rowsSoFar, ColumnReader reader)
    {
        if (rowsSoFar > _limits.RowsMax)
        {
            throw new TraceException(
                _path, null, _part, $"with it the file has {rowsSoFar} rows, more than the limit of {_limits.RowsMax}", SplitRemedy);
        }

        long batchBytes = 0;
        for (var column = 0; column < layout.Columns.Count; column++)
        {
            var (name, _, bytes) = TraceColumns.All[column];
            batchBytes += reader.Check(name, layout.Columns[column], layout.Compression, layout.Rows, bytes);
        }

        var greatest = Math.Min(_limits.BatchBytesMax, Array.MaxLength);
        if (batchBytes > greatest)
        {
            throw new TraceException(
                _path, null, _part, $"its columns declare {batchBytes} bytes, more than the limit of {greatest}",
                $"Write batches of at most {greatest / TraceColumns.RowBytes} rows");
        }
    }

    private TraceArrays ReadArrays(List<RecordBatchLayout> batches, ColumnReader reader)
    {
        var arrays = new TraceArrays(batches.Sum(batch => batch.Rows));
        var first = 0;
        for (var index = 0; index < batches.Count; index++)
        {
            _part = $"record batch {index}";
            var batch = batches[index];
            var range = new Range(first, first + batch.Rows);
            for (var column = 0; column < batch.Columns.Count; column++)
                CheckNulls(batch, column, first, reader);
            reader.CopyTo(batch.Columns[TraceColumns.Time], batch.Compression, arrays.Times.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.Kind], batch.Compression, arrays.Kinds.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.Process], batch.Compression, arrays.Processes.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.Page], batch.Compression, arrays.FirstPages.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.Pages], batch.Compression, arrays.PageCounts.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.Content], batch.Compression, arrays.Contents.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.Fill], batch.Compression, arrays.Fills.AsSpan(range));
            reader.CopyTo(batch.Columns[TraceColumns.CompressedBytes], batch.Compression, arrays.CompressedSizes.AsSpan(range));
            first += batch.Rows;
        }

        return arrays;
    }

    private void CheckNulls(RecordBatchLayout batch, int column, int firstRow, ColumnReader reader)
    {
        var name = TraceColumns.All[column].Name;
        if (reader.FirstNull(name, batch.Columns[column], batch.Compression, batch.Rows) is { } row)
        {
            throw new TraceException(
                _path, firstRow + row, name, "the value is null", "Write a value; 0 says not known, none or unchanged where the format allows it");
        }
    }

    private uint[] Validate(TraceHeader header, TraceArrays columns)
    {
        _part = null;
        var rules = new TraceRules(header.PageSize, _limits.MappingsMax);
        for (var row = 0; row < columns.Times.Length; row++)
        {
            var operation = new Operation(
                columns.Kinds[row], columns.Processes[row], columns.FirstPages[row], columns.PageCounts[row], columns.Contents[row]);
            if (rules.Take(columns.Times[row], in operation) is { } fault)
                throw new TraceException(_path, row, fault.Field, fault.Problem, fault.Remedy);
        }

        return rules.LiveProcesses;
    }
}
