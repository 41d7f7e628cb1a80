using FleetEstimator.Traces.Ipc;

namespace FleetEstimator.Traces;

/// <summary>Reads the eight columns of record batches. What a batch declares is checked before anything is allocated or copied.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="limits">What may be spent on it.</param>
/// <param name="columns">Where the columns are.</param>
/// <param name="part">Is told what is being read.</param>
internal sealed class TraceBatchReader(string path, TraceLimits limits, ArrowColumn[] columns, TracePart part) : IDisposable
{
    private readonly ColumnReader _reader = new();
    private long _rows;

    /// <summary>The layout of the next batch, which can be read within the limits.</summary>
    /// <param name="source">The bytes that the batch stands in: the whole file, or as much of it as holds the batch.</param>
    /// <param name="block">Where it stands in them.</param>
    /// <param name="index">Its number in the file.</param>
    public RecordBatchLayout Layout(ReadOnlyMemory<byte> source, ArrowBlock block, int index)
    {
        part.Name = $"record batch {index}";
        _reader.Source = source;
        var layout = RecordBatchLayout.Read(source.Span, block, columns);
        _rows += layout.Rows;
        CheckSizes(layout);
        return layout;
    }

    /// <summary>Copies the rows of a batch, whose source is still the same, into <paramref name="arrays"/> from row <paramref name="to"/> on.</summary>
    /// <param name="batch">From <see cref="Layout"/>.</param>
    /// <param name="index">Its number in the file.</param>
    /// <param name="firstRow">Rows of the file before it.</param>
    /// <param name="arrays">With room for the rows.</param>
    /// <param name="to">Where its first row goes.</param>
    public void CopyTo(RecordBatchLayout batch, int index, long firstRow, TraceArrays arrays, int to)
    {
        part.Name = $"record batch {index}";
        var range = new Range(to, to + batch.Rows);
        for (var column = 0; column < batch.Columns.Count; column++)
            CheckNulls(batch, column, firstRow);
        _reader.CopyTo(batch.Columns[TraceColumns.Time], batch.Compression, arrays.Times.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.Kind], batch.Compression, arrays.Kinds.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.Process], batch.Compression, arrays.Processes.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.Page], batch.Compression, arrays.FirstPages.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.Pages], batch.Compression, arrays.PageCounts.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.Content], batch.Compression, arrays.Contents.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.Fill], batch.Compression, arrays.Fills.AsSpan(range));
        _reader.CopyTo(batch.Columns[TraceColumns.CompressedBytes], batch.Compression, arrays.CompressedSizes.AsSpan(range));
        part.Name = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private void CheckSizes(RecordBatchLayout layout)
    {
        if (_rows > limits.RowsMax)
        {
            throw new TraceException(
                path, null, part.Name, $"with it the file has {_rows} rows, more than the limit of {limits.RowsMax}", TraceReader.SplitRemedy);
        }

        long batchBytes = 0;
        for (var column = 0; column < layout.Columns.Count; column++)
        {
            var (name, _, bytes) = TraceColumns.All[column];
            batchBytes += _reader.Check(name, layout.Columns[column], layout.Compression, layout.Rows, bytes);
        }

        var greatest = Math.Min(limits.BatchBytesMax, Array.MaxLength);
        if (batchBytes > greatest)
        {
            throw new TraceException(
                path, null, part.Name, $"its columns declare {batchBytes} bytes, more than the limit of {greatest}",
                $"Write batches of at most {greatest / TraceColumns.RowBytes} rows");
        }
    }

    private void CheckNulls(RecordBatchLayout batch, int column, long firstRow)
    {
        var name = TraceColumns.All[column].Name;
        if (_reader.FirstNull(name, batch.Columns[column], batch.Compression, batch.Rows) is { } row)
        {
            throw new TraceException(
                path, firstRow + row, name, "the value is null", "Write a value; 0 says not known, none or unchanged where the format allows it");
        }
    }
}

/// <summary>The part of a file that is being read, for the message if it turns out to be damaged.</summary>
internal sealed class TracePart
{
    /// <summary>Such as <c>record batch 3</c>; null = the file as a whole.</summary>
    public string? Name { get; set; }
}
