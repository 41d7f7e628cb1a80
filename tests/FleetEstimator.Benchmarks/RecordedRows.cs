using System.Runtime.CompilerServices;
using FleetEstimator.Paging;
using FleetEstimator.Traces;

namespace FleetEstimator.Benchmarks;

/// <summary>A long trace made of the recordings in datasets: one after the other, over and over, as other processes each time.</summary>
internal static class RecordedRows
{
    /// <summary>Writes at least <paramref name="rows"/> rows to <paramref name="path"/>.</summary>
    /// <returns>Rows written.</returns>
    public static long Write(string path, long rows, TraceCompression compression)
    {
        var recordings = Directory.GetFiles(Folder(), "*.arrow").Order(StringComparer.Ordinal).Select(file => Trace.Load(file)).ToList();
        using var writer = TraceWriter.Create(path, recordings[0].Header, compression);
        var (time, firstProcess) = (0ul, 0u);
        for (var next = 0; writer.Rows < rows; next = (next + 1) % recordings.Count)
        {
            var recording = recordings[next];
            var lastProcess = Append(recording, writer, time, firstProcess, rows);
            time += recording.DurationMicroseconds + 1;
            firstProcess = lastProcess + 1;
        }

        writer.Complete();
        return writer.Rows;
    }

    private static uint Append(Trace recording, TraceWriter writer, ulong time, uint firstProcess, long rows)
    {
        var lastProcess = firstProcess;
        for (var row = 0; row < recording.RowCount && writer.Rows < rows; row++)
        {
            var (at, operation, fill) = recording.Row(row);
            operation = operation with { Process = operation.Process + firstProcess };
            lastProcess = Math.Max(lastProcess, operation.Process);
            if (operation.Kind == OperationKind.Fork)
            {
                operation = operation with { Page = operation.Page + firstProcess };
                lastProcess = Math.Max(lastProcess, (uint)operation.Page);
            }

            writer.Append(new TraceRow(time + at, operation, fill));
        }

        // Otherwise the mappings of all copies would be alive at the end.
        foreach (var process in writer.Rows < rows ? recording.ProcessesAtEnd : [])
            writer.Append(new TraceRow(time + recording.DurationMicroseconds, new Operation(OperationKind.Exit, process + firstProcess, 0, 1)));
        return lastProcess;
    }

    private static string Folder([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "../../datasets/recordings");
}
