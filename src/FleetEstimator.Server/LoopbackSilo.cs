using System.Net;
using System.Net.Sockets;

namespace FleetEstimator.Server;

/// <summary>Makes a silo one on its own: its cluster is itself, on ports of loopback that are free now.</summary>
internal static class LoopbackSilo
{
    /// <summary>Clustering of a silo on its own.</summary>
    public static ISiloBuilder UseLoopback(this ISiloBuilder silo)
    {
        var (siloPort, gatewayPort) = FreePorts();
        return silo.UseLocalhostClustering(siloPort, gatewayPort, new IPEndPoint(IPAddress.Loopback, siloPort));
    }

    /// <summary>Two ports that are free now; held together while asked for, so that they differ.</summary>
    private static (int Silo, int Gateway) FreePorts()
    {
        using var silo = new TcpListener(IPAddress.Loopback, 0);
        using var gateway = new TcpListener(IPAddress.Loopback, 0);
        silo.Start();
        gateway.Start();
        return (((IPEndPoint)silo.LocalEndpoint).Port, ((IPEndPoint)gateway.LocalEndpoint).Port);
    }
}
