using System.Security.Cryptography;
using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>
/// The folder a run leaves: report.html, report.json, nodes.parquet and run.json. It is written whole in a hidden folder beside its place and then put
/// there, so that an interrupted write leaves the old result or the new one, never a mixture. What an interrupted write leaves in the hidden folder is
/// removed by the next.
/// </summary>
public sealed class ResultFolder
{
    /// <summary>Name of the page for people.</summary>
    public const string HtmlName = "report.html";

    /// <summary>Name of the <see cref="StudyResult"/>.</summary>
    public const string JsonName = "report.json";

    /// <summary>Name of the file with one row per simulated node.</summary>
    public const string NodesName = "nodes.parquet";

    /// <summary>Name of the <see cref="RunRecord"/>.</summary>
    public const string RunName = "run.json";

    private static readonly string[] Names = [HtmlName, JsonName, NodesName, RunName];

    private readonly string _workFolder;

    /// <summary>The folder at a path, which need not exist; changes nothing there.</summary>
    public ResultFolder(string path)
    {
        // Of a link, the folder it leads to: that one is replaced, and the link stays.
        if (Directory.Exists(path))
            path = Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        var parent = System.IO.Path.GetDirectoryName(Path) ?? Path;
        _workFolder = System.IO.Path.Join(parent, $".{System.IO.Path.GetFileName(Path)}.partial");
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    private string NewFolder => System.IO.Path.Join(_workFolder, "new");

    private string RetiredFolder => System.IO.Path.Join(_workFolder, "old");

    /// <summary>Says now, before hours of simulation, whether a result could be written here.</summary>
    /// <exception cref="IOException">The place is taken by other files, in use by another run, or not writable; says what to do.</exception>
    public void Check()
    {
        using (Begin())
            Directory.Delete(_workFolder, recursive: true);
    }

    /// <summary>Writes a result, in the place of an earlier one.</summary>
    /// <param name="study">The study.</param>
    /// <param name="result">What it came to.</param>
    /// <param name="nodes">The simulated nodes as <see cref="NodesParquet"/> wants them.</param>
    /// <param name="run">The record of the run; the digests of the files are added.</param>
    /// <param name="cancellation">Leaves the earlier result in place.</param>
    /// <exception cref="IOException">As for <see cref="Check"/>.</exception>
    public Task WriteAsync(StudyDefinition study, StudyResult result, IAsyncEnumerable<NodeResult> nodes, RunRecord run, CancellationToken cancellation = default) => WriteAsync(
        new ResultFiles(
            html => Synchronously(() => ReportHtml.Write(result, html)),
            json => Synchronously(() => ReportJson.Write(result, json)),
            rows => NodesParquet.WriteAsync(study, result.Recordings, nodes, rows, cancellation)),
        run,
        cancellation);

    /// <summary>Writes a result that was made elsewhere, in the place of an earlier one.</summary>
    /// <param name="files">Its files.</param>
    /// <param name="run">The record of the run, to which the digests of the files are added; null if it was another program's: no run.json.</param>
    /// <param name="cancellation">Leaves the earlier result in place.</param>
    /// <exception cref="IOException">As for <see cref="Check"/>.</exception>
    public async Task WriteAsync(ResultFiles files, RunRecord? run, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        using (Begin())
        {
            try
            {
                Directory.CreateDirectory(NewFolder);
                var html = await WriteFileAsync(HtmlName, files.Html);
                var json = await WriteFileAsync(JsonName, files.Json);
                var rows = await WriteFileAsync(NodesName, files.Nodes);
                if (run is not null)
                    await WriteFileAsync(RunName, stream => Synchronously(() => RunJson.Write(run with { Files = [html, json, rows] }, stream)));
                cancellation.ThrowIfCancellationRequested();
                FolderSwap.Put(NewFolder, Path, RetiredFolder);
            }
            finally
            {
                Directory.Delete(_workFolder, recursive: true);
            }
        }
    }

    // The lock is a file within the work folder, held open: the system frees it however the process ends, and it goes with the folder.
    private FileStream Begin()
    {
        RequirePlace();
        try
        {
            Directory.CreateDirectory(_workFolder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The result cannot be written beside '{Path}': {exception.Message} Choose another folder with --out.", exception);
        }

        FileStream @lock;
        try
        {
            @lock = new FileStream(System.IO.Path.Join(_workFolder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"Another run is writing its result to '{Path}'; wait for it or choose another folder with --out.", exception);
        }

        RemoveLeftovers();
        return @lock;
    }

    private void RequirePlace()
    {
        if (File.Exists(Path))
            throw new IOException($"'{Path}' is a file; a result is a folder: choose another place with --out.");
        if (System.IO.Path.GetFileName(Path).Length == 0 || DriveInfo.GetDrives().Any(drive => drive.Name == Path))
            throw new IOException($"'{Path}' is where a file system is mounted, so it cannot be replaced as a whole: choose a folder within it with --out.");
        if (!Directory.Exists(Path))
            return;
        var strange = Directory.EnumerateFileSystemEntries(Path).Select(System.IO.Path.GetFileName).Where(name => !Names.Contains(name)).Order().FirstOrDefault();
        if (strange is not null)
            throw new IOException($"'{Path}' holds '{strange}', which is no part of a result and would be lost: move it away or choose another folder with --out.");
    }

    private void RemoveLeftovers()
    {
        // Only where two folders cannot change places: the earlier result was set aside, and then the run ended.
        if (Directory.Exists(RetiredFolder) && !Directory.Exists(Path))
            Directory.Move(RetiredFolder, Path);
        foreach (var leftover in new[] { NewFolder, RetiredFolder }.Where(Directory.Exists))
            Directory.Delete(leftover, recursive: true);
    }

    private async Task<WrittenFile> WriteFileAsync(string name, Func<Stream, Task> write)
    {
        await using var stream = new FileStream(System.IO.Path.Join(NewFolder, name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        await write(stream);
        // To the disk before the folder takes its place: after a power cut a result has all its bytes.
        stream.Flush(flushToDisk: true);
        stream.Position = 0;
        return new WrittenFile(name, stream.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(stream)));
    }

    private static Task Synchronously(Action write)
    {
        write();
        return Task.CompletedTask;
    }
}

/// <summary>The files of a result but run.json, each as what writes it to a stream that is empty and can be begun again.</summary>
/// <param name="Html"><see cref="ResultFolder.HtmlName"/>.</param>
/// <param name="Json"><see cref="ResultFolder.JsonName"/>.</param>
/// <param name="Nodes"><see cref="ResultFolder.NodesName"/>.</param>
public sealed record ResultFiles(Func<Stream, Task> Html, Func<Stream, Task> Json, Func<Stream, Task> Nodes);
