using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FleetEstimator.ClusterTests.State;

/// <summary>What servers that tests start for themselves have in common.</summary>
internal static class Servers
{
    /// <summary>A TCP port of loopback that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Where a program is: in one of the folders or on the PATH; null if it is in none.</summary>
    public static string? Find(string program, params IEnumerable<string> folders) => folders
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end, with what it prints in the exception if it fails.</summary>
    public static async Task Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{errors}");
    }
}
