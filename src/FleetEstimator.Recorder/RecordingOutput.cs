using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Recorder;

/// <summary>The files of one recording: the trace, and the kernel's counters beside it. Once there is no room for more, what came first is kept and the rest dropped.</summary>
internal sealed class RecordingOutput : IDisposable
{
    // What a killed recorder, or a machine that fails, may lose.
    private static readonly TimeSpan _flushInterval = TimeSpan.FromSeconds(30);

    private readonly string _path;
    private readonly TraceWriter _trace;
    private readonly CounterFileWriter _counterFile;
    private readonly NodeCounters _counters;
    private TimeSpan _flushed;

    /// <summary>Takes over both writers. <paramref name="path"/> is that of the trace.</summary>
    internal RecordingOutput(string path, TraceWriter trace, CounterFileWriter counterFile, NodeCounters counters) =>
        (_path, _trace, _counterFile, _counters) = (path, trace, counterFile, counters);

    /// <summary>Rows of the trace.</summary>
    internal long Rows => _trace.Rows;

    /// <summary>Samples of the counters.</summary>
    internal long Samples => _counterFile.Samples;

    /// <summary>Why nothing more is written; null while all is well.</summary>
    internal string? Failure { get; private set; }

    /// <summary>Begins both files.</summary>
    /// <exception cref="RecordingException">They cannot be written.</exception>
    internal static RecordingOutput Create(string path, TraceHeader header, NodeCounters counters)
    {
        TraceWriter? trace = null;
        try
        {
            trace = TraceWriter.Create(path, header);
            var counterHeader = new CounterHeader
            {
                Node = header.Node,
                RecordedAt = header.RecordedAt,
                Recorder = header.Recorder,
                KernelRelease = header.KernelRelease,
                PageSize = header.PageSize,
                MemoryBytes = header.MemoryBytes,
                SwapBytes = header.SwapBytes,
                Settings = PagingSettings.Read(),
            };
            return new RecordingOutput(path, trace, CounterFileWriter.Create(CounterFile.PathBeside(path), counterHeader), counters);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            trace?.Dispose();
            throw Unwritable(path, exception);
        }
    }

    /// <summary>Adds a row to the trace.</summary>
    internal void Append(TraceRow row)
    {
        if (Failure is not null)
            return;
        try
        {
            _trace.Append(in row);
        }
        catch (IOException exception)
        {
            Fail(exception);
        }
    }

    /// <summary>Adds the counters as they stand now.</summary>
    internal void Sample(ulong timeMicroseconds) => Write(() => _counterFile.Append(_counters.Sample(timeMicroseconds)));

    /// <summary>Hands what was recorded so far to the operating system, now and then.</summary>
    internal void EndScan(TimeSpan elapsed)
    {
        if (elapsed - _flushed < _flushInterval)
            return;
        _flushed = elapsed;
        Write(_trace.Flush);
    }

    /// <summary>Ends both files. The last row says how long was watched: without it a quiet end would be missing from the duration.</summary>
    /// <exception cref="RecordingException">They cannot be written.</exception>
    internal void Complete(ulong timeMicroseconds)
    {
        try
        {
            // Once it has failed, the time is past at which that could be read.
            if (Failure is null)
                AppendLast(() => _counterFile.Append(_counters.Sample(timeMicroseconds)));
            AppendLast(() => _trace.Append(new TraceRow(timeMicroseconds, new Operation(OperationKind.Settle, 0, 0, 1))));
            _counterFile.Complete();
            _trace.Complete();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(_path, exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trace.Dispose();
        _counterFile.Dispose();
    }

    /// <summary>The writers hold room for this, whatever happened before; that there is none for more does not matter any more.</summary>
    private static void AppendLast(Action append)
    {
        try
        {
            append();
        }
        catch (IOException)
        {
            // It is taken: see the writers.
        }
    }

    private void Write(Action write)
    {
        if (Failure is not null)
            return;
        try
        {
            write();
        }
        catch (IOException exception)
        {
            Fail(exception);
        }
    }

    // .NET appends the path of the partial file: "No space left on device : '/…'".
    private void Fail(IOException exception) => Failure = exception.Message.Split(" : '")[0].TrimEnd('.');

    private static RecordingException Unwritable(string path, Exception cause) =>
        new(RecordingFailure.Output, $"{path} cannot be written: {cause.Message} Choose another path.", cause);
}
