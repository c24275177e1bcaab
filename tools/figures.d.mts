export function drawFigures(): Promise<Record<string, string>>;
