using System.CommandLine;
using FleetEstimator.Reports;
using FleetEstimator.Reports.Charts;

namespace FleetEstimator.Cli;

/// <summary>Where charts go: to the terminal as text, to files as page and picture, or as JSON to whoever asked for that.</summary>
/// <param name="Html">File of the page, or null.</param>
/// <param name="Svg">File of the picture, or null.</param>
/// <param name="Json">Whether to print JSON. Otherwise text is printed unless a file is written.</param>
/// <param name="Console">Standard output and error.</param>
internal sealed record PageOutput(string? Html, string? Svg, bool Json, InvocationConfiguration Console)
{
    private const int WidthMax = 160;

    /// <summary>Columns of the terminal; as many as a report has where there is none.</summary>
    internal static int Width => System.Console.IsOutputRedirected ? ReportText.DefaultWidth : Math.Clamp(System.Console.WindowWidth, ReportText.LeastWidth, WidthMax);

    /// <summary>Writes what was asked for. The exit code.</summary>
    public int Write(Func<ChartPage> page, Func<string> json)
    {
        try
        {
            if (Html is { } html)
                WriteFile(html, stream => ChartPageHtml.Write(page(), stream));
            if (Svg is { } svg)
                WriteFile(svg, stream => ChartPageHtml.WriteSvg(page(), stream));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{exception.Message.TrimEnd('.')}. Name a file in a folder that can be written.");
            return ExitCode.Failed;
        }

        if (Json)
            Console.Output.WriteLine(json());
        else if (Html is null && Svg is null)
            ChartPageText.Write(page(), Console.Output, Width);
        return ExitCode.Done;
    }

    // Under a temporary name first: whoever looks finds a whole file or none.
    private void WriteFile(string path, Action<Stream> write)
    {
        var partial = path + ".partial";
        try
        {
            using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write))
                write(stream);
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }

        Console.Error.WriteLine($"wrote {path}");
    }
}
