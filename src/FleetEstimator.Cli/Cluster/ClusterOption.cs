using System.CommandLine;

namespace FleetEstimator.Cli.Cluster;

/// <summary><c>--cluster</c>: where a cluster is.</summary>
internal static class ClusterOption
{
    private const string Variable = "FLEET_ESTIMATOR_CLUSTER";

    /// <summary>The option; takes one URL or several with commas between them.</summary>
    public static Option<string?> Create(string description) => new("--cluster")
    {
        Description = $"{description} URLs of its silos, tried in turn. Default: {Variable}.",
        HelpName = "URL[,URL...]",
        Validators =
        {
            result =>
            {
                if (result.GetValueOrDefault<string?>() is { } text && Parse(text) is null)
                    result.AddError($"--cluster {text}: {Remedy}");
            },
        },
    };

    /// <summary>The URLs that the option, or else the environment, gives; null if neither does.</summary>
    /// <exception cref="FormatException">The environment gives something else.</exception>
    public static IReadOnlyList<Uri>? Of(string? option)
    {
        var text = option ?? Environment.GetEnvironmentVariable(Variable);
        return text is null or "" ? null : Parse(text) ?? throw new FormatException($"{Variable}={text}: {Remedy}");
    }

    /// <summary>URLs as the option takes them.</summary>
    public static string ToText(IReadOnlyList<Uri> silos) => string.Join(',', silos.Select(silo => silo.AbsoluteUri.TrimEnd('/')));

    private const string Remedy = "give URLs of silos, such as http://silo-1.example:8080,http://silo-2.example:8080.";

    private static List<Uri>? Parse(string text)
    {
        var urls = new List<Uri>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(part.TrimEnd('/') + "/", UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.Query.Length > 0)
                return null;
            urls.Add(url);
        }

        return urls;
    }
}
