using System.Text;
using FleetEstimator.Estimation;
using FleetEstimator.Reports;

namespace FleetEstimator.Cli.Cluster;

/// <summary>The result of a study in a cluster, fetched into a folder.</summary>
internal sealed class FetchedResult
{
    private readonly byte[] _json;

    private FetchedResult(byte[] json, StudyResult result) => (_json, Result) = (json, result);

    /// <summary>What the study came to.</summary>
    public StudyResult Result { get; }

    /// <summary>Fetches the result of a study that has ended.</summary>
    /// <param name="client">The cluster.</param>
    /// <param name="id">The study.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="run">The record of the run; null if it was no run of this process.</param>
    /// <param name="cancellation">Leaves an earlier result in place.</param>
    /// <exception cref="IOException">As of <see cref="ResultFolder"/>.</exception>
    public static async Task<FetchedResult> Fetch(ClusterClient client, string id, ResultFolder folder, RunRecord? run, CancellationToken cancellation)
    {
        using var json = new MemoryStream();
        await client.Download(id, ResultFolder.JsonName, json, cancellation);
        await folder.WriteAsync(
            new ResultFiles(
                html => client.Download(id, ResultFolder.HtmlName, html, cancellation),
                file => file.WriteAsync(json.ToArray(), cancellation).AsTask(),
                nodes => client.Download(id, ResultFolder.NodesName, nodes, cancellation)),
            run,
            cancellation);
        json.Position = 0;
        try
        {
            return new(json.ToArray(), ReportJson.Read(json));
        }
        catch (InvalidDataException exception)
        {
            throw new ClusterException($"The cluster's {exception.Message} Use the cluster's version of fleet-estimator.");
        }
    }

    /// <summary>Prints it.</summary>
    public void Print(string folder, bool asJson, TextWriter output)
    {
        if (asJson)
            output.Write(Encoding.UTF8.GetString(_json));
        else
            RunCommand.PrintTable(Result, folder, output);
    }
}
