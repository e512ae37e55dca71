export const pack = { name: "strangers", nodes: [], integrations: [{ type: "dice" }] };
