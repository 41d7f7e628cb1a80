using System.IO.Compression;

namespace FleetEstimator.Traces.Import;

/// <summary>Runs imports: opens the files, lets the importer of the format read them, and writes the result under its name only once it is whole.</summary>
public static class ImportRun
{
    /// <summary>Imports files into a trace, or counters into a counters file.</summary>
    /// <param name="request">What to import.</param>
    /// <param name="paths">The files.</param>
    /// <param name="output">The trace to write, X.arrow; counters go to X.counters.jsonl beside it. An existing file is replaced when the import is whole.</param>
    /// <param name="limits">What may be spent; <see cref="ImportLimits.Default"/> if null.</param>
    /// <exception cref="ImportException">A file or an option is at fault; nothing is left behind.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static ImportSummary ToFile(ImportRequest request, IReadOnlyList<string> paths, string output, ImportLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(paths);
        using var sink = new FileSink(output);
        var files = new List<ImportFile>();
        try
        {
            foreach (var path in paths)
                files.Add(ImportFile.Open(path));
            var job = Run(request, files, sink, limits);
            sink.Complete();
            return ImportSummary.Of(request, job, sink.Path);
        }
        finally
        {
            foreach (var file in files.Concat(request.Options.Files))
                file.Dispose();
        }
    }

    /// <summary>Runs an importer. This is the one place where whatever a bad file sets off becomes an <see cref="ImportException"/>.</summary>
    internal static ImportJob Run(ImportRequest request, IReadOnlyList<ImportFile> files, IImportSink sink, ImportLimits? limits = null)
    {
        if (files.Count == 0)
            throw new ImportException("", null, request.Importer.Format, "no file is given", "Name the files to import");
        if (files.Count > 1 && !request.Importer.TakesSeveralFiles)
            throw new ImportException("", null, request.Importer.Format, $"{files.Count} files are given, and the format is read one file at a time", "Import each file into a trace of its own");
        var job = new ImportJob(request, files, sink, limits ?? ImportLimits.Default);
        try
        {
            request.Importer.Import(job);
            job.Trace?.Complete();
            return job;
        }
        catch (OutOfMemoryException exception)
        {
            throw new ImportException(job.File.Name, null, null, "there is not enough memory for it", "Import a shorter part of the recording", exception);
        }
        // The decompressor's own exception is an IOException, too, and not public.
        catch (Exception exception) when (exception is EndOfStreamException || exception.GetType().Assembly == typeof(DeflateStream).Assembly || exception is not (ImportException or IOException or UnauthorizedAccessException))
        {
            throw new ImportException(job.File.Name, null, null, $"it is damaged ({exception.GetType().Name}: {exception.Message.TrimEnd('.')})", "Copy or record the file again", exception);
        }
    }

    private sealed class FileSink(string output) : IImportSink, IDisposable
    {
        private TraceWriter? _trace;
        private CounterFileWriter? _counters;

        /// <summary>What was written.</summary>
        public string Path { get; private set; } = output;

        public RowSink Begin(TraceHeader header) => (_trace = TraceWriter.Create(Path, header)).TryAppend;

        public Action<CounterSample> Begin(CounterHeader header)
        {
            if (!Path.EndsWith(".jsonl", StringComparison.Ordinal))
                Path = CounterFile.PathBeside(Path);
            return (_counters = CounterFileWriter.Create(Path, header)).Append;
        }

        public void Complete()
        {
            _trace?.Complete();
            _counters?.Complete();
        }

        public void Dispose()
        {
            _trace?.Dispose();
            _counters?.Dispose();
        }
    }
}
