using System.ComponentModel;
using System.Diagnostics;

namespace FleetEstimator.Traces.Import;

/// <summary>What <c>perf script</c> prints of a perf.data file. The file's layout is perf's own affair; perf of the recording machine knows it.</summary>
internal sealed class PerfScript : IDisposable
{
    private readonly ImportFile _file;
    private readonly Process _process;

    private PerfScript(ImportFile file, Process process)
    {
        _file = file;
        _process = process;
    }

    /// <summary>The text.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Whether a file that begins so is one for perf script.</summary>
    public static bool Decodes(ReadOnlySpan<byte> head) => head.StartsWith("PERFILE2"u8);

    /// <summary>Starts perf script on a file.</summary>
    /// <param name="file">The perf.data file; on disk.</param>
    /// <param name="arguments">Further arguments.</param>
    /// <exception cref="ImportException">The file is not on disk, or perf is not installed.</exception>
    public static PerfScript Run(ImportFile file, params ReadOnlySpan<string> arguments)
    {
        if (!File.Exists(file.Name))
            throw new ImportException(file.Name, null, null, "this is perf's binary file, and not one on disk", "Give the path of the file, or the text that perf script prints of it");
        var start = new ProcessStartInfo("perf") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["script", "--force", "-i", file.Name, .. arguments])
            start.ArgumentList.Add(argument);
        try
        {
            var process = Process.Start(start)!;

            // What perf has to say beside the data would fill its pipe.
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return new(file, process);
        }
        catch (Win32Exception exception)
        {
            throw new ImportException(
                file.Name, null, null, "this is perf's binary file, and perf is not installed here",
                $"Install perf (Debian: linux-perf), or decode the file where it was recorded: perf script -i {file.Name} {string.Join(' ', arguments!)} > events.txt, and import that", exception);
        }
    }

    /// <summary>Whether perf read the file to its end.</summary>
    /// <exception cref="ImportException">It did not.</exception>
    public void CheckExit()
    {
        _process.WaitForExit();
        if (_process.ExitCode != 0)
            throw new ImportException(_file.Name, null, null, $"perf script ended with exit code {_process.ExitCode}", $"See what is wrong with: perf script -i {_file.Name}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
